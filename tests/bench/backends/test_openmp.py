"""Several OpenMP runtimes in one process are a finding."""

from __future__ import annotations

from bench.backends.openmp import find_mixed_openmp, list_openmp

ONE = """7f00-7f10 r-xp 0 08:01 12 /site/torch/lib/libgomp-a34b3233.so.1
7f10-7f20 r--p 0 08:01 12 /site/torch/lib/libgomp-a34b3233.so.1
"""
OTHER = "7f30-7f40 r-xp 0 08:01 13 /usr/lib/libiomp5.so\n7f40-7f50 r-xp 0 08:01 14 /usr/lib/libcompositor.so\n"


def test_a_runtime_that_is_mapped_in_parts_is_one():
    assert list_openmp(ONE) == ["/site/torch/lib/libgomp-a34b3233.so.1"]
    assert find_mixed_openmp(ONE) == []


def test_two_runtimes_are_named():
    [finding] = find_mixed_openmp(ONE + OTHER)
    assert (finding.level, finding.found) == ("warn", "2 OpenMP runtimes: libgomp-a34b3233.so.1 and libiomp5.so")


def test_this_process_can_be_asked():
    assert all("omp" in path for path in list_openmp())
