"""A path in; out, whether other machines may use its file system too, and what then still holds. Linux tells it."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from nb2pipe.records import dataclass

_MOUNTS = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")

_LOCKED_BY_SERVER = {
    "nfs": "NFS", "nfs4": "NFS", "cifs": "SMB", "smb3": "SMB", "ceph": "CephFS", "lustre": "Lustre", "gpfs": "GPFS",
    "beegfs": "BeeGFS", "fuse.glusterfs": "GlusterFS", "fuse.ceph": "CephFS", "fuse.ceph-fuse": "CephFS", "afs": "AFS",
    "ocfs2": "OCFS2", "gfs2": "GFS2", "panfs": "PanFS", "wekafs": "WekaFS",
}  # fmt: skip
_LOCKED_HERE_ONLY = {
    "fuse.sshfs": "SSHFS", "9p": "9P", "virtiofs": "virtiofs", "vboxsf": "a shared folder of VirtualBox",
    "fuse.vmhgfs-fuse": "a shared folder of VMware", "smbfs": "SMB", "pvfs2": "OrangeFS", "orangefs": "OrangeFS",
}  # fmt: skip
_NOT_ATOMIC = {
    "fuse.s3fs": "an object store (s3fs)", "fuse.mountpoint-s3": "an object store (mountpoint-s3)",
    "fuse.gcsfuse": "an object store (gcsfuse)", "fuse.blobfuse": "an object store (blobfuse)",
    "fuse.blobfuse2": "an object store (blobfuse)", "fuse.rclone": "rclone", "fuse.davfs": "WebDAV",
    "fuse.goofys": "an object store (goofys)",
}  # fmt: skip
_OPTIONS_OF_LOCAL_LOCKS = frozenset(
    {"nolock", "local_lock=flock", "local_lock=all", "nobrl", "localflock", "noflock"},
)


@dataclass(frozen=True)
class Network:
    """A file system that other machines may use too.

    `local_locks`: runs of other machines don't see the locks of this one's. `atomic`: a renamed file is there whole.
    """

    name: str
    local_locks: bool = False
    atomic: bool = True


def network(path: Path) -> Network | None:
    """The network file system that `path` is on; None for a local one, or where the system does not tell."""
    try:
        text = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    return network_of(path.resolve(), text)


def network_of(path: Path, mountinfo: str) -> Network | None:
    """The same, by the text of Linux' `mountinfo`. `path` holds no links."""
    kind, options = _mount_of(PurePosixPath(path), mountinfo)
    if kind in _NOT_ATOMIC:
        return Network(_NOT_ATOMIC[kind], local_locks=True, atomic=False)
    if kind in _LOCKED_HERE_ONLY:
        return Network(_LOCKED_HERE_ONLY[kind], local_locks=True)
    if kind in _LOCKED_BY_SERVER:
        return Network(_LOCKED_BY_SERVER[kind], local_locks=not _OPTIONS_OF_LOCAL_LOCKS.isdisjoint(options))
    return None


def warning(path: Path, found: Network) -> str:
    """What to say of a `.nb2pipe/` there."""
    locks = "do not see" if found.local_locks else "may not see"
    text = f"{path} is on {found.name}: runs of other machines {locks} this one's lock, so run it on one at a time"
    if not found.atomic:
        text += "; files are not put there whole, so what a killed run leaves may be damaged, and is run again"
    return f"{text}; `--run-dir` puts runs on a local disk"


def _mount_of(path: PurePosixPath, mountinfo: str) -> tuple[str, frozenset[str]]:
    """The type and the options of what is mounted nearest above the path; of several at one place, the last."""
    longest, found = -1, ("", frozenset[str]())
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        place, kind = before.split(" "), after.split(" ")
        if len(place) < 6 or not kind[0]:
            continue
        point = PurePosixPath(_plain(place[4]))
        if (path == point or point in path.parents) and len(point.parts) >= longest:
            longest = len(point.parts)
            found = kind[0], frozenset((*place[5].split(","), *kind[-1].split(",")))
    return found


def _plain(text: str) -> str:
    """Spaces and the like are written as `\\040`."""
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), text)
