"""A connection and what is wanted of a KFP server in, what it answers out. The one module that uses KFP's client.

Requests are made by KFP's own generated client, the package `kfp-server-api`: paths, names of fields and bodies are
KFP's. It is imported when a server is first talked to.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nb2pipe.errors import EnvironmentProblem
from nb2pipe.model import Json
from nb2pipe.records import dataclass
from nb2pipe.targets.kfp.answers import RemoteRun, items, mapping, run_of, text
from nb2pipe.targets.kfp.connections import Connection
from nb2pipe.targets.kfp.sending import Answer, Failure, Kind, Sender

PATIENCE_S = 20.0
"""How long a request that may go through later is tried again, where somebody waits for it."""

MAX_LOG_BYTES = 1_000_000
"""Of a pod's log its end is kept, which says how it ended."""

_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0)
_PAGE = 100


@dataclass(frozen=True)
class Version:
    """A pipeline on the server, and one version of it."""

    pipeline: str
    version: str


class Server:
    """A KFP server. Each method raises Failure; EnvironmentProblem (N2P750, N2P752) where something lacks here."""

    def __init__(
        self, connection: Connection, *, connect_s: float = 10.0, read_s: float = 30.0, whole_s: float = 90.0
    ) -> None:
        api = _generated()
        self.connection = connection
        configuration = api.Configuration(host=connection.host)
        configuration.client_side_validation = False  # names of states that a later KFP adds are no error
        self._client = api.ApiClient(configuration)
        self._sender = Sender(connection, connect_s=connect_s, read_s=read_s, whole_s=whole_s)
        self._client.rest_client = self._sender
        self._api = api

    # --- what may be asked again: it changes nothing, or has a name that no two can have

    def health(self) -> None:
        """Is it there, and KFP? A server that can't be reached at all is told of at once."""
        call = self._api.HealthzServiceApi(self._client).healthz_service_get_healthz
        try:
            self._once(call)
        except Failure as failure:
            if failure.kind is Kind.UNREACHABLE or not failure.kind.passes:
                raise
            self._patiently(call)

    def experiment(self, name: str) -> str:
        """The id of the experiment with this name, which is made if there is none."""
        service = self._api.ExperimentServiceApi(self._client)
        namespace = self.connection.namespace

        def find() -> str | None:
            found = self._patiently(
                service.experiment_service_list_experiments,
                filter=_named(name),
                page_size=_PAGE,
                **_given(namespace=namespace),
            )
            return _first(found, "experiments", "experiment_id", name)

        def make() -> Json:
            body = self._api.V2beta1Experiment(display_name=name, **_given(namespace=namespace))
            return self._once(service.experiment_service_create_experiment, experiment=body)

        return self._found_or_made(find, make, "experiment_id")

    def version(self, name: str, version: str, package: bytes, description: str) -> Version:
        """The version `version` of the pipeline `name`: what is there, else `package` is uploaded as it."""
        pipeline = self._pipeline(name, description)
        service = self._api.PipelineServiceApi(self._client)

        def find() -> str | None:
            found = self._patiently(
                service.pipeline_service_list_pipeline_versions,
                pipeline_id=pipeline,
                filter=_named(version, "name"),
                page_size=_PAGE,
            )
            return _first(found, "pipeline_versions", "pipeline_version_id", version)

        def make() -> Json:
            with tempfile.TemporaryDirectory(prefix="nb2pipe-") as folder:
                file = Path(folder) / "pipeline.yaml"
                file.write_bytes(package)
                upload = self._api.PipelineUploadServiceApi(self._client).upload_pipeline_version
                return self._once(upload, uploadfile=str(file), name=version, pipelineid=pipeline)

        return Version(pipeline, self._found_or_made(find, make, "pipeline_version_id"))

    def run(self, run_id: str) -> RemoteRun:
        """The run with this id, as it is now. One try: who follows a run has its own patience."""
        return self._run(self._once(self._api.RunServiceApi(self._client).run_service_get_run, run_id=run_id))

    def runs_named(self, name: str, experiment: str) -> tuple[RemoteRun, ...]:
        """All runs of this display name in an experiment, oldest first."""
        service = self._api.RunServiceApi(self._client)
        found: list[RemoteRun] = []
        page = ""
        while True:
            answer = mapping(
                self._patiently(
                    service.run_service_list_runs,
                    experiment_id=experiment,
                    filter=_named(name),
                    page_size=_PAGE,
                    sort_by="created_at asc",
                    **_given(page_token=page),
                )
            )
            found += [run for item in items(answer.get("runs")) if (run := self._run(item)).name == name]
            following = text(answer.get("next_page_token"))
            if not following or following == page:
                return tuple(found)
            page = following

    def log(self, run_id: str, pod: str) -> str:
        """What a pod of a run printed. The server may have no logs, or forget them with the pod."""
        path = f"/apis/v1alpha1/runs/{quote(run_id, safe='')}/nodes/{quote(pod, safe='')}/log"
        url = self.connection.host + path
        return self._sender.send("GET", url, {"Accept": "text/plain"}, tail=MAX_LOG_BYTES).data.decode(
            "utf-8", "replace"
        )

    # --- what must not be asked twice without a look

    def create_run(
        self, name: str, description: str, experiment: str, version: Version, parameters: Mapping[str, Json]
    ) -> RemoteRun:
        """Start a run. One try: after a Failure that `may_have_happened`, look for its name first."""
        body = self._api.V2beta1Run(
            display_name=name,
            description=description,
            experiment_id=experiment,
            pipeline_version_reference=self._reference(version),
            runtime_config=self._api.V2beta1RuntimeConfig(parameters=dict(parameters)),
        )
        return self._run(self._once(self._api.RunServiceApi(self._client).run_service_create_run, run=body))

    def create_schedule(
        self, name: str, description: str, experiment: str, version: Version, parameters: Mapping[str, Json], cron: str
    ) -> str:
        """Start a run again and again, and return the schedule's id. Tries as `create_run` does."""
        trigger = self._api.V2beta1Trigger(cron_schedule=self._api.V2beta1CronSchedule(cron=cron))
        body = self._api.V2beta1RecurringRun(
            display_name=name,
            description=description,
            experiment_id=experiment,
            pipeline_version_reference=self._reference(version),
            runtime_config=self._api.V2beta1RuntimeConfig(parameters=dict(parameters)),
            trigger=trigger,
            mode="ENABLE",
            max_concurrency="1",
            no_catchup=True,
            **_given(namespace=self.connection.namespace),
        )
        service = self._api.RecurringRunServiceApi(self._client)
        found = self._once(service.recurring_run_service_create_recurring_run, recurring_run=body)
        return self._id(found, "recurring_run_id")

    def schedules_named(self, name: str, experiment: str) -> tuple[str, ...]:
        """The ids of all schedules of this display name in an experiment."""
        service = self._api.RecurringRunServiceApi(self._client)
        answer = mapping(
            self._patiently(
                service.recurring_run_service_list_recurring_runs,
                experiment_id=experiment,
                filter=_named(name),
                page_size=_PAGE,
            )
        )
        found = [mapping(item) for item in items(answer.get("recurringRuns") or answer.get("recurring_runs"))]
        return tuple(text(item.get("recurring_run_id")) for item in found if text(item.get("display_name")) == name)

    def terminate(self, run_id: str) -> None:
        """Ask the server to end a run."""
        self._once(self._api.RunServiceApi(self._client).run_service_terminate_run, run_id=run_id)

    def retry(self, run_id: str) -> None:
        """Ask the server to go on with a run that failed."""
        self._once(self._api.RunServiceApi(self._client).run_service_retry_run, run_id=run_id)

    # --- parts

    def _pipeline(self, name: str, description: str) -> str:
        """The id of the pipeline with this name, which is made, without a version, if there is none."""
        service = self._api.PipelineServiceApi(self._client)
        namespace = self.connection.namespace

        def find() -> str | None:
            try:
                found = self._patiently(
                    service.pipeline_service_get_pipeline_by_name, name=name, **_given(namespace=namespace)
                )
            except Failure as failure:
                if failure.kind is Kind.MISSING:
                    return None
                raise
            return text(mapping(found).get("pipeline_id")) or None

        def make() -> Json:
            body = self._api.V2beta1Pipeline(
                display_name=name, name=name, description=description, **_given(namespace=namespace)
            )
            return self._once(service.pipeline_service_create_pipeline, pipeline=body)

        return self._found_or_made(find, make, "pipeline_id")

    def _found_or_made(self, find: Callable[[], str | None], make: Callable[[], Json], key: str) -> str:
        """What is there, else what is made. A name that no two can have makes trying again safe."""
        for pause_s in (*_PAUSES_S[:3], None):
            found = find()
            if found is not None:
                return found
            try:
                return self._id(make(), key)
            except Failure as failure:
                if pause_s is None or not (failure.kind.passes or failure.kind is Kind.CONFLICT):
                    raise
                time.sleep(max(pause_s, failure.after_s))
        raise AssertionError("the last try returns or raises")

    def _patiently(self, call: Callable[..., Any], **arguments: Any) -> Json:  # noqa: ANN401  # the client's own
        deadline = time.monotonic() + PATIENCE_S
        for pause_s in _PAUSES_S:
            try:
                return self._once(call, **arguments)
            except Failure as failure:
                pause_s = max(pause_s, failure.after_s)  # noqa: PLW2901  # the server knows better
                if not failure.kind.passes or time.monotonic() + pause_s > deadline:
                    raise
            time.sleep(pause_s)
        return self._once(call, **arguments)

    def _once(self, call: Callable[..., Any], **arguments: Any) -> Json:  # noqa: ANN401  # the client's own
        answer: Answer = call(**arguments, _preload_content=False)
        try:
            found = answer.json() if answer.data.strip() else {}
        except (ValueError, RecursionError) as error:
            raise self._junk(answer) from error
        if not isinstance(found, dict):
            raise self._junk(answer)
        return found

    def _run(self, data: Json) -> RemoteRun:
        try:
            return run_of(data)
        except ValueError as error:
            raise self._junk(None) from error

    def _id(self, data: Json, key: str) -> str:
        found = text(mapping(data).get(key))
        if not found:
            raise self._junk(None)
        return found

    def _junk(self, answer: Answer | None) -> Failure:
        is_page = answer is not None and "html" in (answer.getheader("content-type") or "")
        what = "with a web page" if is_page else "something"
        message = f"{self.connection.host} answers {what} that is not KFP's data"
        hint = "is it the address of KFP's API, and is the login still good? On Kubeflow the address ends in /pipeline"
        return Failure(Kind.JUNK, message, hint=hint)

    def _reference(self, version: Version) -> Any:  # noqa: ANN401  # a model of the generated client
        return self._api.V2beta1PipelineVersionReference(
            pipeline_id=version.pipeline, pipeline_version_id=version.version
        )


def _generated() -> Any:  # noqa: ANN401  # a package that has no types
    try:
        import kfp_server_api
    except ImportError as error:
        raise EnvironmentProblem.of(
            "N2P750",
            f"KFP's client is missing here (no module `{error.name}`)",
            hint="install it: pip install 'nb2pipe[kfp]'",
        ) from error
    return kfp_server_api


def _named(name: str, key: str = "display_name") -> str:
    """KFP's filter for things of exactly this name. The server decodes it once more than other parameters."""
    text = json.dumps({"predicates": [{"operation": "EQUALS", "key": key, "string_value": name}]})
    return quote(text) if "%" in text or "+" in text else text


def _given(**values: str) -> Mapping[str, str]:
    """Those that aren't empty."""
    return {key: value for key, value in values.items() if value}


def _first(data: Json, listed: str, key: str, name: str) -> str | None:
    """The id of the first thing listed that has the name: a server may know no filter."""
    for item in map(mapping, items(mapping(data).get(listed))):
        if name in (text(item.get("display_name")), text(item.get("name"))) and text(item.get(key)):
            return text(item.get(key))
    return None
