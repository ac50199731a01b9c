"""Options and their bounds."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pytest
from analysis.rank.trained.options import add_options, read_setting

from analysis.rank.trained import TrainedSetting
from rexnet_core.errors import InputError, UnknownNameError


def read(words):
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_options(parser.add_argument)
    return read_setting(vars(parser.parse_args(words)).get)


def test_no_option_is_the_default():
    assert read([]) == TrainedSetting()


def test_options_reach_the_setting():
    words = "--groups table3a --seeds 3 --epochs 4 --side 24 --train-per-class 7 --split-seed 5 --resplit --threads 2"
    more = "--batch-size 9 --learning-rate 0.05 --weight-decay 0 --shortcut equal --base-width 6 --table2-head 32"
    assert read([*words.split(), *more.split()]) == TrainedSetting(
        groups=("table3a",),
        seeds=3,
        epochs=4,
        side=24,
        train_per_class=7,
        split_seed=5,
        resplit=True,
        threads=2,
        batch_size=9,
        learning_rate=0.05,
        weight_decay=0.0,
        shortcut="equal",
        base_width=6,
        table2_head=32,
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--seeds 0", "seeds must lie from 1 to 1000; got 0"),
        ("--epochs 0", "epochs must lie from 1 to 1000; got 0"),
        ("--side 20", "side must be a multiple of 8; got 20"),
        ("--side 128", "side must lie from 8 to 64; got 128"),
        ("--train-per-class 170", "train_per_class must lie from 2 to 150; got 170"),
        ("--threads 0", "threads must lie from 1 to 256; got 0"),
        ("--learning-rate 0", "learning_rate must be a positive number; got 0"),
        ("--weight-decay 1", "weight_decay must lie from 0 up to, not at, 1; got 1"),
        ("--groups table2 table2", "each once"),
        ("--base-width 3", "base_width must lie from 4 to 16; got 3"),
    ],
)
def test_a_value_out_of_range_is_refused_with_its_range(words, message):
    with pytest.raises(InputError, match=message):
        read(words.split())


def test_a_misspelt_group_gets_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'table3a'"):
        read(["--groups", "table3"])


def test_options_are_read_without_torch_and_scikit_learn():
    code = (
        "import sys; sys.modules.update(torch=None, sklearn=None, scipy=None)\n"
        "from analysis.rank.trained import run_trained, options, networks, TrainedSetting\n"
        "assert len(networks.plan_networks(TrainedSetting())) == 6"
    )
    root = Path(__file__).parents[4]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
