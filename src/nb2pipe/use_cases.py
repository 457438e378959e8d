"""The use-cases of `nb2pipe.api` by name, and where people meet each. A test holds the table to both."""

from __future__ import annotations

from collections.abc import Mapping

from nb2pipe.records import dataclass


@dataclass(frozen=True)
class UseCase:
    """`commands` of the terminal; `routes` of the server extension, below `nb2pipe/`; `why` there is no route."""

    commands: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    why: str = ""


USE_CASES: Mapping[str, UseCase] = {
    "analyze": UseCase(("nb2pipe check", "nb2pipe graph"), why="`analyst` does the same, faster, for a server"),
    "analyst": UseCase(routes=("POST analyze", "POST suggest")),
    "values": UseCase(("nb2pipe graph --values", "nb2pipe run --dry-run"), routes=("POST analyze",)),
    "fixes": UseCase(routes=("POST analyze",)),
    "suggest": UseCase(("nb2pipe suggest",), routes=("POST suggest",)),
    "write_tags": UseCase(
        ("nb2pipe suggest -o", "nb2pipe suggest --in-place"), why="the panel edits the tags of the open notebook itself"
    ),
    "new": UseCase(("nb2pipe new",), why="JupyterLab makes notebooks"),
    "build": UseCase(("nb2pipe build",), why="a Bundle is for Git and CI"),
    "bundle_folder": UseCase(("nb2pipe build",), why="as `build`"),
    "write_bundle": UseCase(("nb2pipe build",), why="as `build`"),
    "stale_files": UseCase(("nb2pipe build --check",), why="as `build`"),
    "compile_notebook": UseCase(("nb2pipe compile",), routes=("POST compile",)),
    "is_compiled": UseCase(("nb2pipe compile",), why="the panel downloads the file, and writes over nothing"),
    "lessons": UseCase(("nb2pipe check", "nb2pipe graph", "nb2pipe suggest", "nb2pipe run"), routes=("POST analyze",)),
    "plan": UseCase(("nb2pipe run --dry-run",), why="`POST freshness` and `POST analyze` tell it"),
    "run": UseCase(("nb2pipe run",), why="`begin_run`: a run must not end with the server"),
    "resume": UseCase(("nb2pipe resume",), why="`begin_resume`, as `run`"),
    "begin_run": UseCase(routes=("POST runs",)),
    "begin_resume": UseCase(routes=("POST runs/{run}/resume",)),
    "lock": UseCase(("nb2pipe lock",), why="a file for Git: a terminal writes it"),
    "lock_path": UseCase(("nb2pipe lock",), why="as `lock`"),
    "image": UseCase(("nb2pipe image",), why="as `lock`"),
    "status": UseCase(("nb2pipe status",), routes=("POST freshness", "POST fresh")),
    "mark_fresh": UseCase(("nb2pipe mark-fresh",), routes=("POST fresh",)),
    "job": UseCase(("nb2pipe submit",), routes=("POST runs",)),
    "submit": UseCase(("nb2pipe submit",), routes=("POST runs",)),
    "schedule": UseCase(
        ("nb2pipe submit --schedule",), why="KFP's own pages show and end schedules; a terminal makes them"
    ),
    "attach": UseCase(("nb2pipe attach",), why="`look`: the server looks while somebody looks at the panel"),
    "resume_remote": UseCase(("nb2pipe resume",), routes=("POST runs/{run}/resume",)),
    "is_remote": UseCase(("nb2pipe resume",), routes=("POST runs/{run}/resume",)),
    "targets": UseCase(("nb2pipe targets list",), routes=("GET targets",)),
    "target": UseCase(routes=("POST runs", "GET targets/{target}/status")),
    "add_target": UseCase(("nb2pipe targets add",), routes=("POST targets",)),
    "remove_target": UseCase(("nb2pipe targets rm",), routes=("DELETE targets/{target}",)),
    "check_target": UseCase(routes=("GET targets/{target}/status",)),
    "can_submit": UseCase(routes=("GET status",)),
    "look": UseCase(("nb2pipe runs show", "nb2pipe logs", "nb2pipe cancel"), routes=("GET runs/{run}/events",)),
    "runs": UseCase(("nb2pipe runs",), why="`run_ids` and `watch` read a run once, however often it is shown"),
    "run_record": UseCase(("nb2pipe runs show",), why="`watch`"),
    "run_folder": UseCase(("nb2pipe runs show",), why="a path of the server's machine"),
    "run_ids": UseCase(routes=("GET runs",)),
    "is_run_id": UseCase(routes=("GET runs/{run}",)),
    "runs_root": UseCase(routes=("GET runs",)),
    "watch": UseCase(routes=("GET runs", "GET runs/{run}", "GET runs/{run}/events")),
    "run_notebook": UseCase(routes=("GET runs/{run}/notebook",)),
    "step_notebook": UseCase(routes=("GET runs/{run}/steps/{step}/notebook",)),
    "step_log": UseCase(routes=("GET runs/{run}/steps/{step}/log",)),
    "log": UseCase(("nb2pipe logs",), why="`watch` has what was printed"),
    "cancel": UseCase(("nb2pipe cancel",), routes=("POST runs/{run}/cancel",)),
    "remove_runs": UseCase(("nb2pipe runs rm",), routes=("DELETE runs/{run}",)),
    "collect": UseCase(("nb2pipe gc",), why="it may take long, and waits for no run: `nb2pipe gc`"),
    "debug": UseCase(("nb2pipe debug",), routes=("POST runs/{run}/steps/{step}/debug",)),
    "debug_notebook": UseCase(("nb2pipe debug",), why="`debug_beside` never writes over anything"),
    "debug_beside": UseCase(routes=("POST runs/{run}/steps/{step}/debug",)),
    "debug_console": UseCase(("nb2pipe debug --console",), why="it needs a terminal"),
    "verify": UseCase(("nb2pipe verify",), why="`begin_verify`, as `run`"),
    "verification_page": UseCase(("nb2pipe verify",), why="the page is written when a verification ends"),
    "verification_index": UseCase(("nb2pipe verify --folder",), why="many notebooks: `nb2pipe verify --folder`"),
    "begin_verify": UseCase(routes=("POST verifications",)),
    "verification": UseCase(routes=("GET verifications/{verification}",)),
    "verification_report": UseCase(routes=("GET verifications/{verification}/report",)),
    "cancel_verification": UseCase(routes=("POST verifications/{verification}/cancel",)),
    "grammar": UseCase(routes=("GET status",)),
    "schema": UseCase(why="docs/pipeline.schema.json, kept in step by a test"),
    "versions": UseCase(("nb2pipe version",), why="`GET status` tells nb2pipe's own"),
}
