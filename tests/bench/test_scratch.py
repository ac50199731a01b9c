"""Temporary files are gone after a run, and after the run that follows a killed one."""

from __future__ import annotations

import tempfile

from bench.scratch import make_scratch


def test_a_folder_that_nobody_holds_is_cleared_away_and_one_that_is_held_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = tmp_path / "rexbench-run-left"
    left.mkdir()
    (left / "weights").write_text("of a run that was killed")
    (tmp_path / "rexbench-of-others").mkdir()
    with make_scratch() as first, make_scratch() as second:
        assert not left.exists()
        assert first.is_dir()
        assert second.is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ["rexbench-of-others"]
