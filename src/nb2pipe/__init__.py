"""nb2pipe turns one tagged Jupyter notebook into a pipeline.

Importing this package loads nothing else: the use-cases are in `nb2pipe.api`.
"""

__version__ = "0.1.0"
__all__ = ["__version__"]
