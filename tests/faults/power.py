"""A folder and what of it was surely on the disk in; out, the folder as it may be found after the power was cut.

A disk is sure to hold what was synced: a file's bytes as they were at its last fsync, a folder's names as they were at
its own. Of all that was done since, each thing may have got there or not, alone: a new name, a name taken away, a part
of what was appended, or room for it that holds zeros.
"""

from __future__ import annotations

import os
import random
import shutil
import stat
from pathlib import Path


def sync_all(folder: Path, shadow: Path) -> None:
    """All that is there now is on the disk. `shadow` is what the shim's SHADOW names."""
    shadow.mkdir()
    for path in [folder, *folder.rglob("*")]:
        number = path.stat().st_ino
        if path.is_dir():
            names = [f"{item.stat(follow_symlinks=False).st_ino} {item.name}" for item in os.scandir(path)]
            (shadow / str(number)).write_bytes(b"".join(os.fsencode(name) + b"\0" for name in names))
        else:
            shutil.copyfile(path, shadow / str(number))


def cut(folder: Path, shadow: Path, chance: random.Random) -> None:
    """Put in place of `folder` what may be found there afterwards."""
    made = folder.with_name(f"{folder.name}-after")
    _Disk(folder, shadow, chance).write(folder.stat().st_ino, made)
    shutil.rmtree(folder)
    made.rename(folder)


class _Disk:
    def __init__(self, folder: Path, shadow: Path, chance: random.Random) -> None:
        self._now = {path.stat(follow_symlinks=False).st_ino: path for path in [folder, *folder.rglob("*")]}
        self._shadow = shadow
        self._chance = chance
        self._contents: dict[int, bytes] = {}

    def write(self, number: int, target: Path) -> None:
        """The file or folder of this inode."""
        now = self._now.get(number)
        if (now is not None and now.is_dir()) or (now is None and self._was_folder(number)):
            target.mkdir(mode=stat.S_IMODE(now.stat().st_mode) if now is not None else 0o700)
            for name, item in sorted(self._names(number).items()):
                self.write(item, target / name)
        else:
            target.write_bytes(self._content(number))
            target.chmod(stat.S_IMODE(now.stat().st_mode) if now is not None else 0o600)
        if now is not None:
            shutil.copystat(now, target)

    def _names(self, folder: int) -> dict[str, int]:
        synced = self._synced_names(folder) or {}
        current = {}
        if folder in self._now:
            current = {item.name: item.stat(follow_symlinks=False).st_ino for item in os.scandir(self._now[folder])}
        found = dict(synced)
        for names in _changes(synced, current):
            for name in names if self._chance.randrange(2) else ():
                found.pop(name, None)
                if name in current:
                    found[name] = current[name]
        return {name: number for name, number in found.items() if self._is_known(number)}

    def _is_known(self, number: int) -> bool:
        """False for what was never synced and is gone: nobody can tell what it held."""
        return number in self._now or (self._shadow / str(number)).exists()

    def _was_folder(self, number: int) -> bool:
        return self._synced_names(number) is not None and b" .\0" in (self._shadow / str(number)).read_bytes()

    def _synced_names(self, folder: int) -> dict[str, int] | None:
        try:
            lines = (self._shadow / str(folder)).read_bytes().split(b"\0")[:-1]
            pairs = [os.fsdecode(line).partition(" ") for line in lines]
            return {name: int(number) for number, _, name in pairs if name not in (".", "..")}
        except (FileNotFoundError, ValueError):
            return None

    def _content(self, number: int) -> bytes:
        if number not in self._contents:
            kept, now = self._shadow / str(number), self._now.get(number)
            synced = kept.read_bytes() if kept.exists() else b""
            self._contents[number] = self._some(synced, now.read_bytes() if now is not None else synced)
        return self._contents[number]

    def _some(self, synced: bytes, now: bytes) -> bytes:
        if not now.startswith(synced):
            return self._chance.choice((synced, now))
        length = self._chance.choice((len(synced), len(now), self._chance.randint(len(synced), len(now))))
        return now[:length] + self._chance.choice((b"", bytes(len(now) - length)))


def _changes(synced: dict[str, int], current: dict[str, int]) -> list[set[str]]:
    """Names that changed, those together that one rename has changed: it is done or not, never half."""
    places: dict[int, set[str]] = {}
    for names in (synced, current):
        for name, number in names.items():
            if synced.get(name) != current.get(name):
                places.setdefault(number, set()).add(name)
    found: list[set[str]] = []
    for names in places.values():
        met = [group for group in found if group & names]
        found = [group for group in found if not group & names] + [names.union(*met)]
    return found
