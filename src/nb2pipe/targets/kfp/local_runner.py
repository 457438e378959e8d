"""A compiled pipeline run by KFP's own local runner, in this process: the door to the kfp SDK's execution.

`python -m nb2pipe.targets.kfp.local_runner PIPELINE.yaml ROOT PARAMETERS.json`: artifacts go below ROOT, a folder per
task. What steps print goes to standard output. Exit code 1 if a step failed, 2 if KFP could not run the file.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path


def main(pipeline: Path, root: Path, parameters: Path) -> int:
    """Run it, one task after the other. Steps run as processes on this machine, in this interpreter's environment."""
    warnings.simplefilter("ignore", FutureWarning)  # of the SDK, on what it will do with other Pythons
    from kfp import components, local

    local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root=str(root), raise_on_error=True)
    run = components.load_component_from_file(str(pipeline))
    try:
        run(**json.loads(parameters.read_bytes()))
    except RuntimeError as error:  # a task failed, and has said why
        sys.stderr.write(f"{error}\n")
        return 1
    except (TypeError, ValueError, NotImplementedError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])))
