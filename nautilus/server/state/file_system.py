"""Whether a file is on this machine: SQLite in WAL needs memory that its processes share."""

from __future__ import annotations

import os
from pathlib import Path

from nautilus.core.errors import ParameterError

__all__ = ["check_local", "file_system_of"]

NETWORK = frozenset(
    {
        "9p",
        "afs",
        "ceph",
        "cifs",
        "fuse.glusterfs",
        "fuse.sshfs",
        "glusterfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "smb3",
        "smbfs",
    }
)
MOUNTS = Path("/proc/self/mountinfo")


def check_local(path: Path) -> None:
    """Refuse a folder of another machine; where the system does not tell, anything goes.

    Raises
    ------
    ParameterError
    """
    kind = file_system_of(path)
    if kind in NETWORK:
        raise ParameterError(
            f"`database` is on a network file system ({kind}: {path}), where SQLite loses what it"
            " wrote. Use a disk of this machine, or PostgreSQL.",
            field="database",
        )


def file_system_of(path: Path) -> str | None:
    """Type of the file system that holds a path, as Linux names it; None on other systems.

    Examples
    --------
    >>> file_system_of(Path("/proc")) in ("proc", None)
    True
    """
    try:
        lines = MOUNTS.read_text(errors="replace").splitlines()
    except OSError:
        return None
    place, found, longest = os.path.realpath(path), None, -1
    for line in lines:
        before, _, after = line.partition(" - ")
        mounted = _unescaped(before.split()[4])
        inside = place == mounted or place.startswith(mounted.rstrip("/") + "/")
        if inside and len(mounted) >= longest:  # of two at one place the later one is on top
            found, longest = after.split()[0], len(mounted)
    return found


def _unescaped(text: str) -> str:
    for code, sign in ((r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", "\\")):
        text = text.replace(code, sign)
    return text
