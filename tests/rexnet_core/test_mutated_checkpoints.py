"""Two hundred files of each kind with a few edits each, some with code in them: one line or tensors, and nothing run.

`nox -s fuzz` tries as many as one likes.
"""

from random import Random

import pytest
from fuzzing import judge
from mutated_checkpoints import make_mutated, whole_files

from rexnet_core.checkpoint import load_tensors
from rexnet_core.errors import WeightsError

KINDS = sorted(whole_files("x"))


@pytest.mark.parametrize("suffix", KINDS)
def test_edited_files_are_refused_in_one_line_or_loaded(tmp_path, suffix):
    files = {suffix: whole_files(tmp_path / "ran")[suffix]}

    def attempt(content):
        (tmp_path / f"a{suffix}").write_bytes(content)
        load_tensors(tmp_path / f"a{suffix}")
        return "loaded"

    outcomes = {judge(attempt, make_mutated(Random(number), files)[1]) for number in range(200)}
    assert "refused" in outcomes
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("suffix", KINDS)
def test_unedited_files_load_unless_there_is_code_in_them(tmp_path, suffix):
    for content in whole_files(tmp_path / "ran")[suffix]:
        (tmp_path / f"a{suffix}").write_bytes(content)
        if b"touch " in content:
            with pytest.raises(WeightsError, match=r"holds 'posix\.system', which is neither tensors nor plain data"):
                load_tensors(tmp_path / f"a{suffix}")
        else:
            assert "features.0.weight" in load_tensors(tmp_path / f"a{suffix}").tensors
    assert not (tmp_path / "ran").exists()
