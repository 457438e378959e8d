"""A kernel's command line in; out, ipykernel as `ipykernel_launcher` starts it, without the debugger that no run uses.

To import debugpy takes as long as the rest of the kernel does. A script, and no module: what lies in the working folder
must not stand in for it.
"""

from __future__ import annotations

import contextlib
import gc
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path


def main() -> None:
    """Become the kernel that the arguments describe."""
    if sys.path[0] == str(Path(__file__).parent):  # not with `-P`; IPython puts the working folder there
        del sys.path[0]
    spec = find_spec("ipykernel_launcher")
    if spec is not None and spec.origin is not None:
        sys.argv[0] = spec.origin  # it is what argparse shows
    gc.disable()  # what is imported is kept: there is no garbage to look for
    sys.modules["debugpy"] = None  # type: ignore[assignment]  # ipykernel goes without what can't be imported
    from ipykernel import kernelapp

    with contextlib.suppress(ImportError):
        import_module("ipykernel.debugger")  # where it looks for it
    del sys.modules["debugpy"]  # the user's code may import it
    gc.enable()
    kernelapp.launch_new_instance()


if __name__ == "__main__":
    main()
