"""What runs inside a step's kernel: load values, watch the cells, store values.

These files travel to kernels of other environments. They need Python 3.10 or later, IPython and cloudpickle there, and
import nothing of nb2pipe but each other.
"""
