"""The program of every step that nb2pipe compiles for KFP: unpacks nb2pipe's modules beside itself, and runs them.

Arguments: the packed modules, in pieces; `--install` and a JSON list of requirements, if the pod has to install any;
then what KFP tells a step, from `--executor_input` on.
"""

import base64
import bz2
import json
import shutil
import sys
from pathlib import Path


def _cut(arguments: list[str]) -> tuple[list[str], list[str]]:
    """The pieces, and what follows the mark."""
    at = arguments.index("--install") if "--install" in arguments else len(arguments)
    return arguments[:at], arguments[at + 1 :]


def _main() -> int:
    here = Path(__file__).resolve().parent
    first = sys.argv.index("--executor_input")
    pieces, pins = _cut(sys.argv[1:first])
    modules = here / "runs" / "kfp" / "runtime"
    try:
        packed = bz2.decompress(base64.b64decode("".join(pieces)))
        for name, text in json.loads(packed).items():
            path = modules / name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        sys.path[0] = str(modules)
        if pins:
            from nb2pipe.targets.kfp.pod.installing import install

            if not install(json.loads(pins[0])):
                return 1
        from nb2pipe.targets.kfp.pod.main import run

        return run(json.loads(sys.argv[first + 1]), here)
    finally:
        shutil.rmtree(here, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(_main())
