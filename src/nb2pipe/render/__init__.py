"""The stage "write": a pipeline in, a Bundle (`pipeline.json` and a runnable notebook per step) out; and, after a run,
the notebook with all outputs in their places.
"""

from nb2pipe.render.bundle import FORMAT, bundle, pipeline_json, pipeline_schema
from nb2pipe.render.debug_notebook import debug_notebook
from nb2pipe.render.merged import merged_notebook
from nb2pipe.render.step_notebook import step_notebook
from nb2pipe.render.verify_notebooks import state_notebook, straight_notebook

__all__ = [
    "FORMAT", "bundle", "debug_notebook", "merged_notebook", "pipeline_json", "pipeline_schema", "state_notebook",
    "step_notebook", "straight_notebook",
]  # fmt: skip
