"""Cores of a container: quotas of control groups, in either version, at any height."""

from __future__ import annotations

import math
import os

from nautilus.server.cores import quota, usable_cores


def test_the_least_of_all_groups_above_counts(tmp_path):
    groups, mount = tmp_path / "cgroup", tmp_path / "mount"
    inner = mount / "slice" / "pod" / "container"
    inner.mkdir(parents=True)
    groups.write_text("0::/slice/pod/container\n")
    assert quota(groups, mount) == math.inf
    (inner / "cpu.max").write_text("max 100000\n")
    (inner.parent / "cpu.max").write_text("150000 100000\n")
    assert quota(groups, mount) == 1.5
    (mount / "slice" / "cpu.max").write_text("50000 100000\n")
    assert quota(groups, mount) == 0.5


def test_groups_of_version_1(tmp_path):
    groups, mount = tmp_path / "cgroup", tmp_path / "mount"
    (mount / "cpu" / "docker").mkdir(parents=True)
    groups.write_text("7:memory:/docker\n4:cpu,cpuacct:/docker\n")
    place = mount / "cpu" / "docker"
    (place / "cpu.cfs_quota_us").write_text("200000\n")
    (place / "cpu.cfs_period_us").write_text("100000\n")
    assert quota(groups, mount) == 2.0
    (place / "cpu.cfs_quota_us").write_text("-1\n")
    assert quota(groups, mount) == math.inf


def test_no_groups_no_limit(tmp_path):
    assert quota(tmp_path / "none", tmp_path) == math.inf
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
