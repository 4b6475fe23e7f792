"""Files that appear whole or not at all: written beside, made durable, then renamed."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import uuid
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from nautilus.core.errors import NautilusError

__all__ = [
    "StoreFullError",
    "file_digest",
    "make_durable",
    "remove_files",
    "strays",
    "write_part",
]

_COMPRESSION_LEVEL = 3
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_OS_ERROR = re.compile(r"os error (\d+)")


class StoreFullError(NautilusError, OSError):
    """The disk took no more. Nothing of the call was stored; what was there before is whole."""

    code = "store_full"


def write_part(frame: pl.DataFrame, folder: Path, row_group: int) -> Path:
    """A new Parquet file of `frame` in `folder`, durable before it has its name.

    Raises
    ------
    StoreFullError
        No space, quota or file size left; the unfinished file is gone.
    """
    name = f"part-{uuid.uuid4().hex}.parquet"
    path, unfinished = folder / name, folder / f".{name}.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(
            unfinished,
            compression="zstd",
            compression_level=_COMPRESSION_LEVEL,
            row_group_size=row_group,
            statistics=True,
        )
        make_durable(unfinished)
        os.replace(unfinished, path)
        make_durable(folder)
    except (OSError, pl.exceptions.PolarsError) as error:
        unfinished.unlink(missing_ok=True)
        if is_full(error):
            raise StoreFullError(
                f"no space for {len(frame):,} rows in {folder}: {error}. Nothing of this call was"
                " stored. Free space, or thin the store by `Store.retain`.",
            ) from error
        raise
    return path


def make_durable(path: Path) -> None:
    """Make the content of a file, or the names in a folder, outlive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def is_full(error: BaseException) -> bool:
    """Whether the error says that no more can be written."""
    number = getattr(error, "errno", None)
    if number is None and (found := _OS_ERROR.search(str(error))):
        number = int(found.group(1))
    return number in _FULL


def strays(root: Path, known: Iterable[str]) -> list[Path]:
    """Files of `root` that no catalogue names: what a killed writer left behind."""
    named = set(known)
    found = [*root.rglob("*.parquet"), *root.rglob(".*.tmp")]
    return [path for path in found if path.relative_to(root).as_posix() not in named]


def remove_files(paths: Iterable[Path]) -> int:
    """Delete files, those that are gone already too; how many were there."""
    removed = 0
    for path in paths:
        removed += path.exists()
        path.unlink(missing_ok=True)
    return removed


def file_digest(path: Path) -> str:
    """SHA-256 of a file, by which a bit that turned on the disk is found."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
