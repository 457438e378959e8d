"""A compiled pipeline in; the Workflow that a cluster keeps of it when all has run out, as its servers' code has it.

Written after KFP's `argocompiler` and driver (2.15) and Argo's controller (3.7), which can't be run here: what each of
them copies where is in it, so its size is that of the real one, give or take.
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import yaml


def workflow(content: bytes) -> dict[str, Any]:
    """It, with the states of all nodes."""
    spec, *rest = yaml.load_all(content, Loader=yaml.CSafeLoader)
    deployment = spec["deploymentSpec"]["executors"]
    kubernetes = rest[0]["platforms"]["kubernetes"]["deploymentSpec"]["executors"] if rest else {}
    arguments: dict[str, str] = {}
    dag: list[Any] = []
    nodes: dict[str, Any] = {}
    for name, task in spec["root"]["dag"]["tasks"].items():
        component = spec["components"][task["componentRef"]["name"]]
        container = deployment[component["executorLabel"]]["container"]
        digest = hashlib.sha256(json.dumps(container).encode()).hexdigest()
        platform = kubernetes.get(component["executorLabel"])
        arguments[f"components-{digest}"] = json.dumps(component)
        arguments[f"implementations-{digest}"] = json.dumps(container)
        if platform:
            arguments[f"kubernetes-{task['componentRef']['name']}"] = json.dumps(platform)
        given = {
            "component": f"{{{{workflow.parameters.components-{digest}}}}}", "task": json.dumps(task), "container":
            f"{{{{workflow.parameters.implementations-{digest}}}}}", "task-name": name, "parent-dag-id":
            "{{inputs.parameters.parent-dag-id}}",
        }  # fmt: skip
        depends = " && ".join(f"{item}.Succeeded" for item in task.get("dependentTasks", ()))
        patched = {"pod-spec-patch": f"{{{{tasks.{name}-driver.outputs.parameters.pod-spec-patch}}}}",
                   "cached-decision": f"{{{{tasks.{name}-driver.outputs.parameters.cached-decision}}}}"}  # fmt: skip
        dag += [
            {"name": f"{name}-driver", "template": "system-container-driver", "arguments": listed(given),
             "depends": depends},
            {"name": name, "template": "system-container-executor", "arguments": listed(patched),
             "depends": f"{name}-driver.Succeeded"},
        ]  # fmt: skip
        told = {**given, "component": json.dumps(component), "container": json.dumps(container), "parent-dag-id": "7"}
        if platform:
            told["kubernetes-config"] = json.dumps(platform)
        patch = pod_spec_patch(spec, name, task, component, container)
        node(nodes, f"root.{name}-driver", inputs=listed({**told, "iteration-index": "-1"}),
             outputs={**listed({"pod-spec-patch": patch, "cached-decision": "false", "condition": "true"}), **LOGS})  # fmt: skip
        node(nodes, f"root.{name}", inputs=listed({"pod-spec-patch": patch, "cached-decision": "false"}))
        node(nodes, f"root.{name}.executor", inputs=listed({"pod-spec-patch": patch}), outputs=LOGS)
    return {
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
        "spec": {"arguments": listed(arguments), "templates": [{"name": "root", "dag": {"tasks": dag}}]},
        "status": {"nodes": nodes},
    }  # fmt: skip


LOGS = {"artifacts": [{"name": "main-logs", "s3": {"key": f"private-artifacts/team-a/note-x7k2m/2026/11/22/{'p' * 40}/main.log"}}], "exitCode": "0"}  # fmt: skip


def listed(parameters: Mapping[str, str]) -> dict[str, Any]:
    return {"parameters": [{"name": name, "value": value} for name, value in parameters.items()]}


def node(nodes: dict[str, Any], name: str, **more: Any) -> None:
    time = "2026-11-22T10:00:00Z"
    nodes[f"note-x7k2m-{zlib.crc32(name.encode())}"] = {
        "id": f"note-x7k2m-{zlib.crc32(name.encode())}", "name": f"note-x7k2m.{name}", "displayName": name,
        "type": "Pod", "templateName": "system-container-driver", "templateScope": "local/note-x7k2m",
        "phase": "Succeeded", "boundaryID": "note-x7k2m-1234567890", "startedAt": time, "finishedAt": time,
        "progress": "1/1", "resourcesDuration": {"cpu": 1, "memory": 31}, "hostNodeName": "node-1.example.org",
        "children": ["note-x7k2m-1234567890"], **more,
    }  # fmt: skip


def pod_spec_patch(spec: Any, name: str, task: Any, component: Any, container: Any) -> str:
    told = json.dumps(executor_input(spec, name, task, component))
    launch = [
        "/kfp-launcher/launch", "--pipeline_name", spec["pipelineInfo"]["name"], "--run_id", str(uuid.UUID(int=1)),
        "--execution_id", "12", "--executor_input", told, "--component_spec", json.dumps(component), "--pod_name",
        "$(KFP_POD_NAME)", "--pod_uid", "$(KFP_POD_UID)", "--mlmd_server_address",
        "metadata-grpc-service.kubeflow.svc.cluster.local", "--mlmd_server_port", "8080", "--publish_logs", "true", "--",
    ]  # fmt: skip
    main = {"name": "main", "image": container["image"], "command": launch, "args": [*container["command"], *container["args"]], "resources": {}}  # fmt: skip
    return json.dumps({"containers": [main]})


def executor_input(spec: Any, name: str, task: Any, component: Any) -> dict[str, Any]:
    inputs = task.get("inputs", {})
    values = {
        key: item["runtimeValue"]["constant"]
        if "runtimeValue" in item
        else spec["root"]["inputDefinitions"]["parameters"][item["componentInputParameter"]].get("defaultValue")
        for key, item in inputs.get("parameters", {}).items()
    }
    given = component.get("inputDefinitions", {}).get("artifacts", ())
    made = component.get("outputDefinitions", {}).get("artifacts", ())
    return {
        "inputs": {"parameterValues": values, "artifacts": {key: artifact(spec, name, key, known=True) for key in given}},
        "outputs": {"artifacts": {key: artifact(spec, name, key) for key in made},
                    "outputFile": "/output/output_metadata.json"},
    }  # fmt: skip


def artifact(spec: Any, task: str, key: str, *, known: bool = False) -> Any:
    place = f"minio://mlpipeline/v2/artifacts/{spec['pipelineInfo']['name']}/{uuid.UUID(int=1)}/{task}/{uuid.UUID(int=2)}/{key}"  # fmt: skip
    metadata: Any = {"bound": True, "variable": key, "python_type": "pandas.DataFrame", "size_bytes": 123456.0,
                     "object": f"sha256-{hashlib.sha256(key.encode()).hexdigest()}", "names": [key]}  # fmt: skip
    named = {"name": "123", "metadata": metadata} if known and not key.startswith("run-record") else {}
    return {
        "artifacts": [{"type": {"schemaTitle": "system.Artifact", "schemaVersion": "0.0.1"}, "uri": place, **named}]
    }


def stored_bytes(found: Mapping[str, Any]) -> int:
    """What is kept: the nodes are compressed if all is more than 1 MiB."""
    size = len(dumped(found))
    if size <= 1 << 20:
        return size
    nodes = base64.b64encode(zlib.compress(dumped(found["status"]["nodes"]).encode(), 9)).decode()
    return len(dumped({**found, "status": {"compressedNodes": nodes}}))


def dumped(data: Any) -> str:
    return json.dumps(data, separators=(",", ":"), sort_keys=True)


def sizes(content: bytes) -> Sequence[int]:
    """As it is, and as it is kept."""
    found = workflow(content)
    return len(dumped(found)), stored_bytes(found)
