"""The user's named connections in and out of their config file; a connection in, the headers that log in out.

A connection says where a KFP server is and where its credential is to be found. The credential itself is read when a
request is sent, and kept nowhere: not in the config file, in no record, log, error or command line.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from nb2pipe import wire
from nb2pipe.errors import BadInput, EnvironmentProblem
from nb2pipe.files import make_private_dir, write_atomic
from nb2pipe.model import Json
from nb2pipe.records import dataclass

ENDPOINT = "KF_PIPELINES_ENDPOINT"  # KFP's own variables
TOKEN_PATH = "KF_PIPELINES_SA_TOKEN_PATH"  # noqa: S105  # a variable's name
MOUNTED_TOKEN = "/var/run/secrets/kubeflow/pipelines/token"  # noqa: S105  # a path

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,62}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MAX_CREDENTIAL_BYTES = 65_536
_MAX_CONFIG_BYTES = 1_000_000


class Auth(StrEnum):
    """How a server knows its user."""

    NONE = "none"
    BEARER = "bearer"
    SERVICE_ACCOUNT = "service-account"
    COOKIES = "cookies"


@dataclass(frozen=True)
class Connection:
    """Where a KFP server is, and how to log in there.

    `host` is the API's address, without a slash at its end. `variable` or `file`: where the credential is read from.
    `ca_file`: certificates to trust in place of the usual ones. `ui`: the address of the pages, if it is another.
    `artifacts`: where KFP keeps artifacts, such as `s3://mlpipeline/v2/artifacts`; how to log in there is not ours.
    """

    host: str
    namespace: str = ""
    experiment: str = ""
    auth: Auth = Auth.NONE
    variable: str = ""
    file: str = ""
    ca_file: str = ""
    ui: str = ""
    artifacts: str = ""

    def page(self, run: str) -> str:
        """The page that shows a run."""
        return f"{self.ui or self.host}/#/runs/details/{run}"


def connection(
    host: str,
    *,
    namespace: str = "",
    experiment: str = "",
    auth: str = "",
    variable: str = "",
    file: str = "",
    ca_file: str = "",
    ui: str = "",
    artifacts: str = "",
) -> Connection:
    """A connection of these texts. Raises BadInput (N2P751) for what can't be one."""
    if variable and file:
        raise _wrong("a credential is read from a variable or from a file, not from both", "give one of the two")
    if variable and not _VARIABLE.fullmatch(variable):
        # a pasted token ends up here: it is not repeated
        raise _wrong(
            "what was given as the credential's variable is no variable's name",
            "put the token into an environment variable, such as KFP_TOKEN, and give that name",
        )
    if file and Path(file).name == file and not Path(file).exists():
        # as above
        raise _wrong(
            "what was given as the credential's file is no file here",
            "put the token into a file of your own, and give its path",
        )
    if auth not in ("", *Auth):
        raise _wrong("this way to log in isn't known", f"take one of {', '.join(Auth)}")
    kind = Auth(auth) if auth else Auth.BEARER if variable or file else Auth.NONE
    if kind is Auth.NONE and (variable or file):
        raise _wrong("`none` needs no credential", "leave the credential out, or say which kind it is")
    if kind in (Auth.BEARER, Auth.COOKIES) and not (variable or file):
        raise _wrong(f"`{kind}` needs a credential", "name the variable or the file that holds it")
    return Connection(
        address(host),
        namespace=namespace,
        experiment=experiment,
        auth=kind,
        variable=variable,
        file=_path(file),
        ca_file=_path(ca_file),
        ui=address(ui) if ui else "",
        artifacts=store_address(artifacts) if artifacts else "",
    )


def _path(text: str) -> str:
    """A file's absolute path; "" for "". Raises BadInput (N2P751)."""
    try:
        return str(Path(text).expanduser().absolute()) if text else ""
    except RuntimeError as error:  # `~somebody`, who isn't there
        raise _wrong(f"there is no such home folder: {error}", "give the path in full") from error


def address(text: str) -> str:
    """A server's address without a slash at its end. Raises BadInput (N2P751)."""
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        parts, whole = urlsplit(""), False
    if parts.username or parts.password:
        raise _wrong(
            "the server's address holds a user's name or password",
            "leave it out: credentials come from a variable or a file (`--token-env`, `--token-file`)",
        )
    if not whole or parts.query or parts.fragment or not text.isprintable() or " " in text:
        shown = text[:200].partition("?")[0]  # a token may follow
        raise _wrong(f"{shown!r} is no address of a server", "write it such as https://kubeflow.example.org/pipeline")
    return text.rstrip("/")


def store_address(text: str) -> str:
    """A store's address without a slash at its end, as fsspec takes it. Raises BadInput (N2P751)."""
    scheme, mark, rest = text.partition("://")
    if "@" in rest:
        raise _wrong(
            "the store's address holds a user's name or password",
            "leave it out: the store's own library finds credentials, such as those of `AWS_PROFILE`",
        )
    if "?" in rest or not (scheme.isalnum() and mark and rest.strip("/") and text.isprintable()):
        raise _wrong(
            f"{text[:200].partition('?')[0]!r} is no address of a store",
            "write it such as s3://mlpipeline/v2/artifacts",
        )
    return text.rstrip("/")


def is_exposed(found: Connection) -> bool:
    """True if the credential would cross a network in the clear."""
    parts = urlsplit(found.host)
    here = parts.hostname in ("localhost", "127.0.0.1", "::1") or str(parts.hostname).endswith((".svc", ".local"))
    inside = "KUBERNETES_SERVICE_HOST" in os.environ  # plain http is how services within a cluster are reached
    return found.auth is not Auth.NONE and parts.scheme == "http" and not here and not inside


# --- the credential --------------------------------------------------------------------------------------------------


def login(found: Connection) -> Mapping[str, str]:
    """The headers that log in, read anew at each call: tokens expire and are replaced.

    Raises EnvironmentProblem (N2P752) where the credential isn't there, or is no text for a header.
    """
    match found.auth:
        case Auth.NONE:
            return {}
        case Auth.BEARER:
            return {"authorization": f"Bearer {_credential(found)}"}
        case Auth.COOKIES:
            return {"Cookie": _credential(found)}
        case Auth.SERVICE_ACCOUNT:
            path = found.file or os.environ.get(TOKEN_PATH) or MOUNTED_TOKEN
            text = os.environ.get(found.variable, "") if found.variable else _content(path)
            return {"authorization": f"Bearer {_usable(text, path)}"}


def _credential(found: Connection) -> str:
    if not found.variable:
        return _usable(_content(found.file), found.file)
    text = os.environ.get(found.variable)
    if text is None:
        raise _missing(
            f"the environment variable {found.variable}, which is to hold the credential, is not set",
            f"set {found.variable}, then try again",
        )
    return _usable(text, found.variable)


def _content(path: str) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _missing(f"the credential's file {path} is no regular file", "give a file that holds it")
            return file.read(_MAX_CREDENTIAL_BYTES).decode("utf-8", "replace")
    except OSError as error:
        raise _missing(
            f"the credential's file {path} can't be read: {error.strerror or error}",
            "give a file that is there; the token of a service account is mounted in Kubeflow's own pods only",
        ) from error


def _usable(text: str, where: str) -> str:
    """The text as a header can hold it. What is wrong with it is said without showing any of it."""
    found = text.strip()
    if not found:
        raise _missing(f"the credential in {where} is empty", "log in again, and put the new one there")
    if not found.isascii() or not found.isprintable():
        raise _missing(
            f"the credential in {where} holds line breaks or other characters that no header can hold",
            "put the token or the cookies alone there, on one line",
        )
    return found


# --- the user's file -------------------------------------------------------------------------------------------------


def config_path() -> Path:
    """Where the named connections are kept."""
    config = os.environ.get("XDG_CONFIG_HOME") or Path("~/.config").expanduser()
    return Path(config) / "nb2pipe" / "targets.json"


def named() -> Mapping[str, Connection]:
    """The user's connections, sorted by name. Raises EnvironmentProblem (N2P753) if their file can't be read."""
    path = config_path()
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(_MAX_CONFIG_BYTES))
        kept = content["targets"]
        return {name: wire.decode(Connection, kept[name]) for name in sorted(kept)}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _unkept(f"can't be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _unkept("is damaged, or another version of nb2pipe wrote it", "remove it, and add them anew") from error


def add(name: str, found: Connection) -> bool:
    """Keep a connection under a name. True if it took another's place. Raises BadInput (N2P751), as `named` does."""
    if not _NAME.fullmatch(name) or name in ("kfp", "local"):
        raise _wrong(f"{name[:80]!r} can't be a connection's name", "take letters, digits and dashes, such as team-a")
    there = named()
    _keep({**there, name: found})
    return name in there


def remove(name: str) -> None:
    """Forget a connection. Raises BadInput (N2P751) if there is none of this name, and as `named` does."""
    there = dict(named())
    if there.pop(name, None) is None:
        raise unknown(name, there)
    _keep(there)


def unknown(name: str, there: Mapping[str, Connection]) -> BadInput:
    """The error for a name that no connection has."""
    known = ", ".join(f"`{item}`" for item in there) or "none yet"
    return _wrong(
        f"there is no connection `{name[:80]}`; there are: {known}", "`nb2pipe targets add NAME --host URL` makes one"
    )


def chosen(to: str, host: str) -> Connection:
    """The connection that `--to` and `--host` ask for: `kfp` stands for KFP's own variable, or the only one there is.

    Raises BadInput (N2P751), EnvironmentProblem (N2P753).
    """
    there = named()
    if to != "kfp":
        if to not in there:
            raise unknown(to, there)
        return there[to] if not host else connection(host)
    if host or os.environ.get(ENDPOINT):
        return connection(host or os.environ[ENDPOINT])
    if len(there) == 1:
        return next(iter(there.values()))
    which = f"there are several: {', '.join(there)}" if there else "no connection has been added"
    raise _wrong(
        f"which KFP server is meant isn't said, and {which}",
        "give `--host URL`, or `--to NAME` with a name of `nb2pipe targets list`",
    )


def _keep(found: Mapping[str, Connection]) -> None:
    path = config_path()
    targets: dict[str, Json] = {name: wire.encode(item) for name, item in sorted(found.items())}
    content: dict[str, Json] = {"schema": 1, "targets": targets}
    try:
        make_private_dir(path.parent)
        write_atomic(path, wire.dumps(content).encode())
    except OSError as error:
        raise _unkept(f"can't be written: {error.strerror or error}") from error


def _wrong(message: str, hint: str) -> BadInput:
    return BadInput.of("N2P751", message, hint=hint)


def _missing(message: str, hint: str) -> EnvironmentProblem:
    return EnvironmentProblem.of("N2P752", message, hint=hint)


def _unkept(what: str, hint: str = "change its permissions, or set XDG_CONFIG_HOME") -> EnvironmentProblem:
    return EnvironmentProblem.of("N2P753", f"the file of your connections, {config_path()}, {what}", hint=hint)
