"""Options of the network study: what they come to, and what is refused before anything runs."""

import argparse
from pathlib import Path

from PIL import Image

from analysis.rank.network.setting import NetworkSetting
from rexbench.commands.rank.network import add_options, read_setting


def read(*words):
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_options(parser)
    return read_setting(parser.parse_args(words))


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
