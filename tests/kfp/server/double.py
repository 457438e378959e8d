"""A KFP API server as our client sees it, in this process: what it is asked for in, what KFP would answer out.

A stand-in, not KFP. What keeps it honest: requests are read, and answers are checked, by the models of KFP's own
package `kfp-server-api` (a field that they lack, a word that is no state: an error), uploads by KFP's own protobuf
messages; the rules for ending and retrying runs, for reported workflows and for errors are those of KFP 2.17's server.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, unquote_plus, urlsplit

import kfp_server_api
import yaml

V2 = "/apis/v2beta1"
_STATES = {"Pending": "PENDING", "Running": "RUNNING", "Succeeded": "SUCCEEDED", "Failed": "FAILED", "Error": "FAILED", "Skipped": "SKIPPED", "Omitted": "SKIPPED"}  # fmt: skip


class Refused(Exception):
    """An error as KFP words it: HTTP status, gRPC code, message."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": message, "code": code, "message": message, "details": []}


def bad(message: str) -> Refused:
    return Refused(400, 3, message)


class Double:
    """The server's memory, and its rules. `token` or `cookie`: what a request must bring, if not empty."""

    def __init__(self) -> None:
        self.experiments: dict[str, dict[str, Any]] = {}
        self.pipelines: dict[str, dict[str, Any]] = {}
        self.versions: dict[str, dict[str, Any]] = {}
        self.runs: dict[str, dict[str, Any]] = {}
        self.schedules: dict[str, dict[str, Any]] = {}
        self.workflows: dict[str, dict[str, Any]] = {}
        self.logs: dict[tuple[str, str], str] = {}
        self.asked: list[tuple[str, str]] = []
        self.token = ""
        self.cookie = ""
        self.tells_pods = False  # servers differ in it
        self.after: tuple[str, Callable[[], None]] | None = None  # a path's end, and what happens just before
        self._lock = threading.Lock()
        self._server = _Listening(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # --- what a cluster does

    def report(self, run_id: str, phase: str, nodes: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """An Argo workflow's status, by the API that KFP's persistence agent calls."""
        body = {
            "metadata": {"name": f"wf-{run_id[:5]}", "namespace": "kubeflow", "labels": {"pipeline/runid": run_id}},
            "status": {"phase": phase, "nodes": dict(nodes or {})},
        }
        client = kfp_server_api.ApiClient(kfp_server_api.Configuration(host=self.url))
        if self.token:
            client.set_default_header("authorization", f"Bearer {self.token}")
        if self.cookie:
            client.set_default_header("Cookie", self.cookie)
        kfp_server_api.ReportServiceApi(client).report_service_report_workflow(json.dumps(body), _preload_content=False)

    # --- the API

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        parts = urlsplit(target)
        if self.after is not None and parts.path.endswith(self.after[0]):
            happens, self.after = self.after[1], None
            happens()
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        with self._lock:
            self.asked.append((method, parts.path))
            try:
                self._let_in(headers)
                call, names = self._route(method, parts.path)
                return 200, call(self, *names, query=query, headers=headers, body=body)
            except Refused as refused:
                return refused.status, refused.body

    def _route(self, method: str, path: str) -> tuple[Callable[..., Any], list[str]]:
        for verb, pattern, call in self._routes():
            found = re.fullmatch(pattern, path)
            if verb == method and found:
                return call, [unquote(name) for name in found.groups()]
        raise Refused(404, 5, "Not Found")

    def _let_in(self, headers: Mapping[str, str]) -> None:
        if self.token and headers.get("authorization") != f"Bearer {self.token}":
            raise Refused(401, 16, "Request header error: there is no user identity header.")
        if self.cookie and headers.get("cookie") != self.cookie:
            raise Refused(302, 0, "https://dex.example.org/auth")

    @staticmethod
    def _routes() -> list[tuple[str, str, Callable[..., Any]]]:
        run, cls = rf"{V2}/runs/([^/:]+)", Double
        return [
            ("GET", f"{V2}/healthz", cls._healthz),
            ("GET", f"{V2}/experiments", cls._list_experiments),
            ("POST", f"{V2}/experiments", cls._create_experiment),
            ("GET", f"{V2}/pipelines/names/([^/]+)", cls._pipeline_by_name),
            ("POST", f"{V2}/pipelines", cls._create_pipeline),
            ("GET", f"{V2}/pipelines/([^/]+)/versions", cls._list_versions),
            ("POST", f"{V2}/pipelines/upload_version", cls._upload_version),
            ("GET", f"{V2}/runs", cls._list_runs),
            ("POST", f"{V2}/runs", cls._create_run),
            ("GET", run, cls._get_run),
            ("POST", f"{run}:terminate", cls._terminate),
            ("POST", f"{run}:retry", cls._retry),
            ("GET", f"{V2}/recurringruns", cls._list_schedules),
            ("POST", f"{V2}/recurringruns", cls._create_schedule),
            ("POST", f"{V2}/workflows", cls._report),
            ("GET", r"/apis/v1alpha1/runs/([^/]+)/nodes/([^/]+)/log", cls._log),
        ]

    def _healthz(self, **_: Any) -> Any:
        return checked("V2beta1GetHealthzResponse", {"multi_user": False})

    def _list_experiments(self, query: Mapping[str, str], **_: Any) -> Any:
        found = _filtered(self.experiments, query)
        return checked("V2beta1ListExperimentsResponse", {"experiments": found, "total_size": len(found)})

    def _create_experiment(self, body: bytes, **_: Any) -> Any:
        data = _read("V2beta1Experiment", body)
        if not data.get("display_name"):
            raise bad("Experiment name is empty. Please specify a valid experiment name.")
        if any(item["display_name"] == data["display_name"] for item in self.experiments.values()):
            raise Refused(409, 6, f"Failed to create a new experiment: {data['display_name']} already exists.")
        return self._new("V2beta1Experiment", self.experiments, "experiment_id", data)

    def _pipeline_by_name(self, name: str, **_: Any) -> Any:
        for item in self.pipelines.values():
            if item["name"] == name:
                return checked("V2beta1Pipeline", item)
        raise Refused(404, 5, f"Failed to get pipeline by name and namespace: Pipeline {name} not found")

    def _create_pipeline(self, body: bytes, **_: Any) -> Any:
        data = _read("V2beta1Pipeline", body)
        name = data.get("name") or data.get("display_name")
        if not name:
            raise bad("pipeline's name cannot be empty")
        if any(item["name"] == name for item in self.pipelines.values()):
            raise Refused(409, 6, f"Failed to create a new pipeline. The name {name} already exist.")
        return self._new("V2beta1Pipeline", self.pipelines, "pipeline_id", {**data, "name": name})

    def _list_versions(self, pipeline: str, query: Mapping[str, str], **_: Any) -> Any:
        found = [item for item in _filtered(self.versions, query) if item["pipeline_id"] == pipeline]
        return checked("V2beta1ListPipelineVersionsResponse", {"pipeline_versions": found, "total_size": len(found)})

    def _upload_version(self, query: Mapping[str, str], headers: Mapping[str, str], body: bytes, **_: Any) -> Any:
        if len(body) > 32 << 20:
            raise bad("Failed to create pipeline: file is too large")
        pipeline = query.get("pipelineid", "")
        if pipeline not in self.pipelines:
            raise Refused(404, 5, f"Pipeline {pipeline} not found")
        name = query.get("name", "")
        if any(item["name"] == name and item["pipeline_id"] == pipeline for item in self.versions.values()):
            raise Refused(409, 6, f"Failed to create a pipeline version. The name {name} already exist.")
        spec = _uploaded(headers["content-type"], body)
        data = {"pipeline_id": pipeline, "name": name, "display_name": name, "pipeline_spec": spec}
        return self._new("V2beta1PipelineVersion", self.versions, "pipeline_version_id", data)

    def _list_runs(self, query: Mapping[str, str], **_: Any) -> Any:
        found = _filtered(self.runs, query)
        if query.get("experiment_id"):
            found = [item for item in found if item["experiment_id"] == query["experiment_id"]]
        size, start = int(query.get("page_size") or 10), int(query.get("page_token") or 0)
        answer: dict[str, Any] = {"runs": found[start : start + size], "total_size": len(found)}
        if start + size < len(found):
            answer["next_page_token"] = str(start + size)
        return checked("V2beta1ListRunsResponse", answer)

    def _create_run(self, body: bytes, **_: Any) -> Any:
        data = _read("V2beta1Run", body)
        if not data.get("display_name"):
            raise bad("Failed to create a run: run name is empty")
        self._check_job(data)
        return self._new("V2beta1Run", self.runs, "run_id", {**data, "state": "PENDING", "storage_state": "AVAILABLE"})

    def _check_job(self, data: Mapping[str, Any]) -> None:
        reference = data.get("pipeline_version_reference") or {}
        version = self.versions.get(reference.get("pipeline_version_id", ""))
        if version is None or version["pipeline_id"] != reference.get("pipeline_id"):
            raise Refused(404, 5, "Failed to fetch a pipeline version: not found")
        if data.get("experiment_id") not in self.experiments:
            raise Refused(404, 5, f"Experiment {data.get('experiment_id')} not found")
        wanted = (
            version["pipeline_spec"]["pipeline_spec"].get("root", {}).get("inputDefinitions", {}).get("parameters", {})
        )
        given = (data.get("runtime_config") or {}).get("parameters") or {}
        for name in sorted(set(given) - set(wanted)):
            raise bad(f"parameter {name} is not part of the pipeline's inputs")
        for name, item in wanted.items():
            if name not in given and "defaultValue" not in item and not item.get("isOptional"):
                raise bad(f"parameter {name} is required, but is not specified")

    def _get_run(self, run_id: str, **_: Any) -> Any:
        return checked("V2beta1Run", self._run(run_id))

    def _terminate(self, run_id: str, **_: Any) -> Any:
        run = self._run(run_id)
        if run["state"] not in ("PENDING", "RUNNING", "PAUSED", "RUNTIME_STATE_UNSPECIFIED"):
            raise bad(f"Failed to terminate a run {run_id}. Row not found")
        run["state"] = "CANCELING"
        return {}

    def _retry(self, run_id: str, **_: Any) -> Any:
        run = self._run(run_id)
        if self.workflows.get(run_id, {}).get("phase") not in ("Failed", "Error"):
            raise bad("Workflow must be Failed/Error to retry")
        run["state"] = "RUNNING"
        run.pop("finished_at", None)
        self.workflows[run_id]["phase"] = "Running"
        return {}

    def _list_schedules(self, query: Mapping[str, str], **_: Any) -> Any:
        found = _filtered(self.schedules, query)
        return checked("V2beta1ListRecurringRunsResponse", {"recurringRuns": found, "total_size": len(found)})

    def _create_schedule(self, body: bytes, **_: Any) -> Any:
        data = _read("V2beta1RecurringRun", body)
        cron = data["trigger"]["cron_schedule"]["cron"]
        if len(cron.split()) != 6:
            raise bad(f"Schedule cron is not a supported format. Error: expected 6 fields: {cron}")
        if not 1 <= int(data.get("max_concurrency") or 0) <= 10:
            raise bad("Max concurrency of a recurring run must be at leas 1 and at most 10")
        self._check_job(data)
        return self._new("V2beta1RecurringRun", self.schedules, "recurring_run_id", {**data, "status": "ENABLED"})

    def _report(self, body: bytes, **_: Any) -> Any:
        workflow = json.loads(json.loads(body))
        run_id = workflow["metadata"].get("labels", {}).get("pipeline/runid")
        if not run_id:
            raise bad(f"Workflow[{workflow['metadata'].get('name')}] missing the Run ID label")
        run, status = self._run(run_id), workflow["status"]
        self.workflows[run_id] = status
        run["state"] = _STATES[status["phase"]]
        if status["phase"] in ("Succeeded", "Failed", "Error"):
            run["finished_at"] = _now()
        run["run_details"] = {
            "task_details": [self._detail(run_id, key, status["nodes"][key]) for key in sorted(status["nodes"])]
        }
        return {}

    def _detail(self, run_id: str, node_id: str, node: Mapping[str, Any]) -> dict[str, Any]:
        """A node of Argo's as the server keeps it: its message is not among what is kept."""
        workflow, _, number = node_id.rpartition("-")
        never = "1970-01-01T00:00:00Z"
        pod = {"pod_name": f"{workflow}-{node.get('templateName', '')}-{number}"} if self.tells_pods else {}
        return pod | {
            "run_id": run_id,
            "task_id": str(uuid.uuid5(uuid.NAMESPACE_OID, node_id)),
            "display_name": node["displayName"],
            "create_time": never,
            "start_time": node.get("startedAt", never),
            "end_time": node.get("finishedAt", never),
            "state": _STATES[node["phase"]],
            "execution_id": "0",
            "child_tasks": [{"pod_name": child} for child in node.get("children", [])],
        }

    def _log(self, run_id: str, node: str, **_: Any) -> Any:
        if (run_id, node) not in self.logs:
            message = f'Failed to read logs: pods "{node}" not found'
            raise Refused(500, 13, message)
        return self.logs[run_id, node].encode()

    def _run(self, run_id: str) -> dict[str, Any]:
        if run_id not in self.runs:
            raise Refused(404, 5, f"Run {run_id} not found")
        return self.runs[run_id]

    def _new(self, model: str, kept: dict[str, dict[str, Any]], key: str, data: dict[str, Any]) -> Any:
        made = {**data, key: str(uuid.uuid4()), "created_at": _now()}
        kept[made[key]] = made
        return checked(model, made)


def _filtered(kept: Mapping[str, dict[str, Any]], query: Mapping[str, str]) -> list[dict[str, Any]]:
    found = list(kept.values())
    if query.get("filter"):
        for item in _read("V2beta1Filter", unquote_plus(query["filter"]).encode())["predicates"]:
            assert item["operation"] == "EQUALS", "the double knows no other"
            found = [one for one in found if one.get(item["key"]) == item["string_value"]]
    return found


def _uploaded(content_type: str, body: bytes) -> dict[str, Any]:
    """The file of a form, read by KFP's own messages: a field that they don't know is an error."""
    message = BytesParser(policy=HTTP).parsebytes(b"content-type: " + content_type.encode() + b"\r\n\r\n" + body)
    part = next(iter(message.iter_parts()), None)
    if part is None or part.get_param("name", header="content-disposition") != "uploadfile":
        raise bad("Failed to read pipeline from file: no such file in the form")
    documents = list(yaml.safe_load_all(part.get_payload(decode=True)))
    if not documents or not isinstance(documents[0], dict) or "pipelineInfo" not in documents[0]:
        raise bad("Failed to parse pipeline spec: unknown pipeline spec format")
    _strictly_parsed(documents)
    return {"pipeline_spec": documents[0], "platform_spec": documents[1] if len(documents) > 1 else {}}


def _strictly_parsed(documents: list[Any]) -> None:
    from google.protobuf import json_format
    from kfp.pipeline_spec import pipeline_spec_pb2

    try:
        json_format.ParseDict(documents[0], pipeline_spec_pb2.PipelineSpec())
        for item in documents[1:]:
            json_format.ParseDict(item, pipeline_spec_pb2.PlatformSpec())
    except json_format.ParseError as error:
        raise bad(f"Failed to parse pipeline spec: {error}") from error


def _read(model: str, body: bytes) -> Any:
    """A request's JSON, whose fields must be those of KFP's model; its values are read by it."""
    try:
        data = json.loads(body)
    except ValueError as error:
        raise bad(f"invalid character in JSON: {error}") from error
    try:
        checked(model, data)
    except (ValueError, TypeError, AssertionError) as error:
        raise bad(f"proto: syntax error: {error}") from error
    return data


class _Raw:
    def __init__(self, data: Any) -> None:
        self.data = json.dumps(data)


def checked(model: str, data: Any) -> Any:
    """The data, if KFP's own model reads them and loses nothing."""
    _known(model, data)
    kfp_server_api.ApiClient().deserialize(_Raw(data), model)
    return data


def _known(model: str, data: Any) -> None:
    listed = re.fullmatch(r"(?:list\[|dict\(str, )(\w+)[\])]", model)
    if listed is not None:
        for item in data.values() if isinstance(data, dict) else data:
            _known(listed[1], item)
        return
    cls = getattr(kfp_server_api, model, None)
    if cls is None or not isinstance(data, dict):
        return
    fields = {key: cls.openapi_types[name] for name, key in cls.attribute_map.items()}
    assert set(data) <= set(fields), f"{model} has no {', '.join(sorted(set(data) - set(fields)))}"
    for key, item in data.items():
        _known(fields[key], item)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class _Listening(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Whoever asked has gone: the proxy does that."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(*_)


def _handler(double: Double) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._do()

        def do_POST(self) -> None:
            self._do()

        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {key.lower(): value for key, value in self.headers.items()}
            status, answer = double.answer(self.command, self.path, headers, body)
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("location", answer["message"])
            self.send_header("content-type", "text/plain" if isinstance(answer, bytes) else "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            return

    return Handler
