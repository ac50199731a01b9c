"""Options and their bounds."""

import argparse
import subprocess
import sys
from pathlib import Path

from analysis.rank.trained import TrainedSetting
from bench.planning.option_fields import add_fields, read_fields


def read(words):
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_fields(parser.add_argument, TrainedSetting)
    return TrainedSetting(**read_fields(parser.parse_args(words), TrainedSetting))


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


def test_options_are_read_without_torch_and_scikit_learn():
    code = (
        "import sys; sys.modules.update(torch=None, sklearn=None)\n"
        "from analysis.rank.trained import run_trained, networks, TrainedSetting\n"
        "assert len(networks.plan_networks(TrainedSetting())) == 6\n"
        "assert not {'scipy.stats', 'scipy.special'} & sys.modules.keys()"
    )
    root = Path(__file__).parents[4]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
