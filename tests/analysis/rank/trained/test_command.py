"""`rexbench rank trained` as a user calls it: what the shell and the store are told of an interruption."""

import json

import pytest
import torch

from analysis.rank.trained import training
from bench.store.store import Store
from rexbench.cli import main

CALL = "rank trained --groups table2 --seeds 1 --epochs 1 --side 8 --train-per-class 5 --threads 1 --out out --json"


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    threads = torch.get_num_threads()
    monkeypatch.chdir(tmp_path)
    yield
    torch.set_num_threads(threads)


def statuses():
    return sorted(run.status for run in Store("sqlite:///results/rexbench.db", create=False).runs())


@pytest.mark.survival
def test_ctrl_c_is_no_success_and_the_same_call_goes_on_to_the_end(monkeypatch, capsys):
    done, original = [], training.train

    def stop_at_third(network, setting, seed):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(network.name)
        return original(network, setting, seed)

    with monkeypatch.context() as patched:
        patched.setattr(training, "train", stop_at_third)
        assert main(CALL.split()) == 1
    told = capsys.readouterr()
    assert "stopped; finished parts are kept" in told.err
    assert [run["network"] for run in json.loads(told.out)["runs"]] == done
    assert statuses() == ["interrupted"]

    assert main(CALL.split()) == 0
    assert len(json.loads(capsys.readouterr().out)["runs"]) == 4
    assert statuses() == ["done", "interrupted"]
