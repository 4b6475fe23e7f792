from __future__ import annotations

from pathlib import Path

import pytest

from nautilus.core.errors import ParameterError
from nautilus.server.state import file_system, open_database

MOUNTS = r"""
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:50 / /mnt/share rw - nfs4 server:/export rw
31 22 0:51 / /mnt/two\040words rw shared:7 master:2 - fuse.sshfs me@host: rw
32 30 8:2 / /mnt/share/disk rw - xfs /dev/sdb1 rw
33 22 0:52 / /mnt/top rw - cifs //host/share rw
34 22 0:53 / /mnt/top rw - tmpfs tmpfs rw
"""


@pytest.fixture
def mounts(tmp_path, monkeypatch):
    (tmp_path / "mountinfo").write_text(MOUNTS.strip() + "\n")
    monkeypatch.setattr(file_system, "MOUNTS", tmp_path / "mountinfo")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/srv/state.db", "ext4"),
        ("/mnt/share/x", "nfs4"),
        ("/mnt/shared/x", "ext4"),
        ("/mnt/share/disk/x", "xfs"),
        ("/mnt/two words/x", "fuse.sshfs"),
        ("/mnt/top/x", "tmpfs"),
    ],
)
def test_the_innermost_mount_says_what_it_is(mounts, path, kind):
    assert file_system.file_system_of(Path(path)) == kind


def test_a_system_that_does_not_tell_is_trusted(monkeypatch, tmp_path):
    monkeypatch.setattr(file_system, "MOUNTS", tmp_path / "nothing")
    assert file_system.file_system_of(tmp_path) is None
    file_system.check_local(tmp_path)


def test_a_network_file_system_is_refused(monkeypatch, tmp_path):
    (tmp_path / "mountinfo").write_text("22 1 0:5 / / rw - nfs4 server:/ rw\n")
    monkeypatch.setattr(file_system, "MOUNTS", tmp_path / "mountinfo")
    with pytest.raises(ParameterError, match=r"on a network file system \(nfs4: .* or PostgreSQL"):
        open_database(f"sqlite:///{tmp_path / 'state.db'}")
    assert not (tmp_path / "state.db").exists()
