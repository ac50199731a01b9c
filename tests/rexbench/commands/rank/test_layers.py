"""Options of the layer study: what they come to."""

import argparse

from analysis.rank.layers import protocols
from analysis.rank.layers.setting import RATIOS, LayerSetting
from rexbench.commands.rank.layers import add_options, read_task


def task_of(*words):
    parser = argparse.ArgumentParser()
    add_options(parser)
    return read_task(parser.parse_args(words), 2)


def test_without_options_all_protocols_run_on_all_cores():
    task = task_of()
    assert task.protocols == protocols.PROTOCOLS
    assert task.workers == 2
    assert task.settings()["literal"] == LayerSetting()
    assert task.settings()["closest"].ratios == RATIOS
    assert len(task.grid()) == 96


def test_options_replace_what_the_protocol_says():
    words = "--protocol literal --norm none --expansion 4 --tolerances rel:0.01 numpy --d-out 9 20"
    task = task_of(*words.split())
    setting = task.settings()["literal"]
    assert (setting.norm, setting.expansion, setting.d_out) == ("none", (4.0, 4.0), (9, 20))
    assert setting.primary == ("rank", "uncentred", "numpy")
    words = "--protocol literal --tolerances rel:0.01 rel:0.1"
    assert task_of(*words.split()).settings()["literal"].primary == ("rank", "uncentred", "rel:0.01")
    assert setting.weights == LayerSetting().weights
