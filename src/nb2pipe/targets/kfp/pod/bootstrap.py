"""The program of every step that nb2pipe compiles for KFP: unpacks nb2pipe's modules beside itself, and runs them.

Arguments: the packed modules, in pieces, or none; `--install` and a JSON list of requirements, if the pod installs
any; `--program`, the packed modules' SHA-256 and the records of earlier tasks, each of which hands the modules on; then
what KFP tells a step, from `--executor_input` on.
"""

import base64
import bz2
import hashlib
import json
import shutil
import sys
import zipfile
from pathlib import Path


def _parts(arguments: list[str]) -> dict[str, list[str]]:
    """The arguments after each mark; the pieces stand before the first."""
    found: dict[str, list[str]] = {"": []}
    mark = ""
    for argument in arguments:
        if argument in ("--install", "--program", "--executor_input"):
            found[mark := argument] = []
        else:
            found[mark].append(argument)
    return found


def _packed(pieces: list[str], digest: str, records: list[str]) -> bytes:
    """The modules: they stand in the command, or came with a record."""
    if pieces:
        return base64.b64decode("".join(pieces))
    for record in records:
        with zipfile.ZipFile(record) as file:
            packed = file.read("program")
        if hashlib.sha256(packed).hexdigest() == digest:
            return packed
    raise SystemExit("nb2pipe's program did not arrive: the tasks before this one were compiled by another version")


def _main() -> int:
    here = Path(__file__).resolve().parent
    parts = _parts(sys.argv[1:])
    modules = here / "runs" / "kfp" / "runtime"
    try:
        packed = _packed(parts[""], parts["--program"][0], parts["--program"][1:])
        (here / "program").write_bytes(packed)
        for name, text in json.loads(bz2.decompress(packed)).items():
            path = modules / name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        sys.path[0] = str(modules)
        if "--install" in parts:
            from nb2pipe.targets.kfp.pod.installing import install

            if not install(json.loads(parts["--install"][0])):
                return 1
        from nb2pipe.targets.kfp.pod.main import run

        return run(json.loads(parts["--executor_input"][0]), here)
    finally:
        shutil.rmtree(here, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(_main())
