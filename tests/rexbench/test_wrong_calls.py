"""Every wrong call ends with one line that says what to do, exit code 2, and nothing written."""

import re
from pathlib import Path

import pytest
import torch

from rexnet_core import create_model, dump_weights

CALLS = re.findall(r"^\$ rexbench(.*)\n(.*)$", Path(__file__).with_name("wrong_calls.txt").read_text(), re.MULTILINE)


@pytest.fixture(scope="session")
def labelled(tmp_path_factory):
    """A checkpoint of twelve classes, and a folder that has one of them."""
    folder = tmp_path_factory.mktemp("labelled")
    dump_weights(create_model("rexnet_1.0", num_classes=12), folder / "twelve.pth", "official")
    tensors = {"stem.conv.weight": torch.zeros(1)}
    torch.save({"model": tensors, "model_ema": tensors}, folder / "both.pth")
    (folder / "val" / "ant").mkdir(parents=True)
    (folder / "val" / "ant" / "torn.png").write_bytes(b"")
    (folder / "two.txt").write_text("ant\nbee")
    for name, classes in (("classes", "abcdefghijk"), ("more", "abcdefghijkl")):
        (folder / f"{name}.txt").write_text("\n".join(["ant", *classes]))
    return folder


@pytest.mark.parametrize("wrong", CALLS, ids=[words for words, _ in CALLS])
def test_a_wrong_call_is_one_line_and_exit_code_2(call, wrong, request, monkeypatch, tmp_path):
    words, line = wrong
    if {"evaluate", "predict"} & set(words.split()):
        monkeypatch.chdir(request.getfixturevalue("labelled"))
    answer = call(words)
    assert (answer.code, answer.out) == (2, "")
    assert re.fullmatch(re.escape(line).replace(re.escape("..."), ".*") + "\n", answer.err), answer.err
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".db"]
