"""Options and their bounds."""

import argparse

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
