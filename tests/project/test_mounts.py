"""Network file systems, told by the text of Linux' mountinfo."""

from __future__ import annotations

from pathlib import Path

import pytest

from nb2pipe import mounts
from nb2pipe.mounts import Network

ROOT = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw"
NFS = "90 22 0:45 / /home rw,relatime shared:7 master:2 - nfs4 server:/export/home rw,vers=4.2,hard,proto=tcp,local_lock=none,addr=10.0.0.1"
NFS3 = "91 22 0:46 / /old rw - nfs filer:/vol rw,vers=3,local_lock=none"


@pytest.mark.parametrize(
    ("path", "lines", "expected"),
    [
        ("/home/ann/x", [ROOT, NFS], Network("NFS")),
        ("/home", [ROOT, NFS], Network("NFS")),
        ("/old/x", [ROOT, NFS, NFS3], Network("NFS")),
        # not below it, though its name begins so; a local disk mounted below it
        ("/homes/ann", [ROOT, NFS], None),
        ("/home/ann/scratch/x", [ROOT, NFS, "95 90 8:2 / /home/ann/scratch rw - xfs /dev/sdb1 rw"], None),
        ("/home/ann/data/x", [ROOT, NFS, "95 90 8:2 / /home/ann/scratch rw - xfs /dev/sdb1 rw"], Network("NFS")),
        # of two at one place the last is seen: what automount and overlays do
        ("/home/ann", [ROOT, "80 22 0:40 / /home rw - autofs systemd-1 rw,fd=44", NFS], Network("NFS")),
        ("/home/ann", [ROOT, NFS, "96 90 0:50 / /home rw - tmpfs tmpfs rw"], None),
        ("/", [ROOT], None),
        ("/data", ["30 1 0:30 / / rw - overlay overlay rw,lowerdir=/a"], None),
        # mounted so that locks hold on this machine only
        ("/old/x", [ROOT, NFS3.replace("local_lock=none", "nolock,local_lock=all")], Network("NFS", local_locks=True)),
        ("/s/x", [ROOT, "97 22 0:51 / /s rw - lustre 10.0.0.2@tcp:/fs rw,localflock"], Network("Lustre", local_locks=True)),
        ("/s/x", [ROOT, "97 22 0:51 / /s rw - lustre 10.0.0.2@tcp:/fs rw,flock"], Network("Lustre")),
        ("/s/x", [ROOT, "97 22 0:51 / /s rw,nobrl - cifs //server/share rw"], Network("SMB", local_locks=True)),
        ("/s/x", [ROOT, "97 22 0:51 / /s rw,nosuid - fuse.sshfs ann@host: rw,user_id=1000"], Network("SSHFS", local_locks=True)),
        # nothing is renamed there in one go
        ("/b/x", [ROOT, "98 22 0:52 / /b rw - fuse.gcsfuse bucket rw"], Network("an object store (gcsfuse)", local_locks=True, atomic=False)),
        # a name with a space; a local file system in user space
        ("/my files/x", [ROOT, r"97 22 0:51 / /my\040files rw - nfs server:/x rw"], Network("NFS")),
        ("/my", [ROOT, r"97 22 0:51 / /my\040files rw - nfs server:/x rw"], None),
        ("/usb/x", [ROOT, "99 22 8:9 / /usb rw - fuseblk /dev/sdc1 rw"], None),
        # what makes no sense is passed over
        ("/home/ann", ["", "nonsense", "1 2 3 - nfs", "- - -", " - ", ROOT], None),
        ("/home/ann", [], None),
    ],
)  # fmt: skip
def test_network_file_systems(path: str, lines: list[str], expected: Network | None) -> None:
    assert mounts.network_of(Path(path), "\n".join(lines)) == expected


def test_what_is_said() -> None:
    path = Path("/home/ann/.nb2pipe")
    assert mounts.warning(path, Network("NFS")) == (
        "/home/ann/.nb2pipe is on NFS: runs of other machines may not see this one's lock, so run it on one at a time; "
        "`--run-dir` puts runs on a local disk"
    )
    assert "do not see" in mounts.warning(path, Network("NFS", local_locks=True))
    assert "may be damaged, and is run again" in mounts.warning(path, Network("S", local_locks=True, atomic=False))


def test_here_something_is_mounted(tmp_path: Path) -> None:
    """The system's own text is read; nothing is raised for a path that isn't there."""
    found = mounts.network(tmp_path / "not there")
    assert found is None or isinstance(found, Network)
