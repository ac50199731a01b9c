"""Options of the network study: what they come to, and what is refused before anything runs."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
from PIL import Image

from analysis.rank.network.setting import NetworkSetting, add_options, read_setting
from rexnet_core.errors import InputError


def read(*words):
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_options(parser.add_argument)
    args = parser.parse_args(words)
    return read_setting(lambda name: getattr(args, name))


def test_defaults_are_those_of_the_record():
    assert read("rexnet_1.0") == NetworkSetting(models=("rexnet_1.0",))
    source = read("rexnet_1.0").source()
    assert (source.kind, source.count, source.resolution) == ("1/f", 512, 224)


def test_every_option_arrives(tmp_path):
    Image.new("RGB", (40, 40)).save(tmp_path / "one.png")
    Image.new("RGB", (40, 40)).save(tmp_path / "two.png")
    words = f"rexnet_1.0 --images {tmp_path} --resolution 96 --batch-norm batch --positions 7 --taps *.add stem* "
    words += "--certify --jacobian 0 --batch-size 4 --seed 3 --threads 1 --image-count 2"
    expected = NetworkSetting(
        models=("rexnet_1.0",),
        images=Path(tmp_path),
        resolution=96,
        batch_norm="batch",
        positions=7,
        taps=("*.add", "stem*"),
        certify=True,
        jacobian=0,
        batch_size=4,
        seed=3,
        threads=1,
        image_count=2,
    )
    assert read(*words.split()) == expected
    assert expected.source().kind == "folder"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("rexnet_1", "one spelling"),
        ("rexnett_1.0", "unknown model"),
        ("rexnet_1.0 rexnet_1.0", "named once"),
        ("rexnet_1.0 --generated pink", "unknown kind of generated images 'pink'"),
        ("rexnet_1.0 --generated white --images .", "exclude each other"),
        ("rexnet_1.0 --images /nowhere", "/nowhere: No such file"),
        ("rexnet_1.0 --resolution 8", "resolution must be"),
        ("rexnet_1.0 --batch-norm train", "unknown batch norm mode 'train'"),
        ("rexnet_1.0 --positions 0", "--positions must be a whole number from 1"),
        ("rexnet_1.0 --image-count 0", "--image-count must be"),
        ("rexnet_1.0 --jacobian -1", "--jacobian must be"),
        ("rexnet_1.0 --batch-size 0", "--batch-size must be"),
        ("rexnet_1.0 --seed -1", "--seed must be"),
        ("rexnet_1.0 --threads 0", "--threads must be"),
        ("rexnet_1.0 --batch-norm batch --batch-size 1", "needs 2 images in a batch"),
        ("rexnet_1.0 --weights gone.pth", "--weights must be a file; gone.pth is none"),
        ("rexnet_1.0 rexnet_1.3 --weights gone.pth", "go with one model"),
    ],
)
def test_what_cannot_work_is_refused(words, message):
    with pytest.raises(InputError, match=message):
        read(*words.split())


@pytest.mark.parametrize("words", ["rexnet_1.0 --positions many", "rexnet_1.0 --seed x"])
def test_words_for_numbers_are_refused(words):
    with pytest.raises(argparse.ArgumentError, match="whole number is needed"):
        read(*words.split())
