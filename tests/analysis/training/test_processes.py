"""Two processes that torchrun starts train as one."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from small_trainings import write_folder

COMMAND = (
    "-m rexbench train {data} --model mobilenet_v2_0.5 --resolution 32 --epochs 2 --batch-size 8 --warmup-epochs 0 "
    "--threads 1 --workers 1 --dropout 0 --augmentation crop --out {out} --store sqlite:///{out}.db --json"
)

_NUMBERS = ("learning_rate", "train_loss", "train_top1_percent", "val_loss", "val_top1_percent")


def run(data, out, *more, processes=1):
    words = COMMAND.format(data=data, out=out).split()
    start = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"] if processes > 1 else []
    done = subprocess.run(
        [sys.executable, *start, *words, *more], capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.returncode == 0, [line for line in done.stderr.splitlines() if "rexbench:" in line]
    return json.loads(done.stdout)


def weights(out, name="last.pth"):
    return torch.load(out / name, weights_only=True)["state_dict"]


def largest_difference(one, other):
    return max(float((one[name].double() - other[name].double()).abs().max()) for name in one)


@pytest.mark.extra
def test_two_processes_see_the_same_pictures_and_validate_alike(colours, tmp_path):
    """Batch norms make statistics of half a batch each, and that is the only difference.

    With a frozen network there are no such statistics, and two processes come to the weights of one.
    """
    run(colours, tmp_path / "start", "--epochs", "1")
    frozen = ("--weights", str(tmp_path / "start/best.pth"), "--freeze")
    one = run(colours, tmp_path / "one", *frozen)
    two = run(colours, tmp_path / "two", *frozen, processes=2)
    assert two["processes"] == 2
    for here, there in zip(one["epochs"], two["epochs"], strict=True):
        assert here["val_images"] == there["val_images"] == 12
        assert [here[name] for name in _NUMBERS] == pytest.approx([there[name] for name in _NUMBERS], rel=1e-5)
    assert largest_difference(weights(tmp_path / "one"), weights(tmp_path / "two")) < 1e-6


@pytest.mark.extra
def test_two_processes_train_a_whole_network_and_resume_to_the_bit(colours, tmp_path):
    whole = run(colours, tmp_path / "whole", "--ema-decay", "0.9", processes=2)
    assert [row["epoch"] for row in whole["epochs"]] == [1, 2]
    out = tmp_path / "killed"
    words = COMMAND.format(data=colours, out=out).split()
    options = [*words[2:], "--ema-decay", "0.9", "--checkpoint-every", "2"]
    # The process dies after the first checkpoint in an epoch, as after kill -9.
    dying = (
        f"import os, sys\nfrom analysis.training import checkpoints\nwrite = checkpoints.write_checkpoint\n"
        "def die(path, content):\n    write(path, content)\n    os._exit(9)\n"
        "from analysis.training import run\nrun.write_checkpoint = die\n"
        f"from rexbench.cli import main\nsys.exit(main({options!r}))\n"
    )
    program = tmp_path / "dying.py"
    program.write_text(dying)
    start = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run([sys.executable, *start, str(program)], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert (out / "last.pth").exists()
    run(colours, out, "--ema-decay", "0.9", "--resume", processes=2)
    for name in ("last.pth", "best.pth"):
        assert largest_difference(weights(tmp_path / "whole", name), weights(out, name)) == 0


@pytest.mark.survival
def test_a_signal_to_two_processes_leaves_a_checkpoint(colours, tmp_path):
    out = tmp_path / "out"
    words = COMMAND.format(data=colours, out=out).split()
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    options = ["--epochs", "1000", "--checkpoint-every", "1"]
    with subprocess.Popen(
        [*start, *words, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as run:
        until = time.monotonic() + 60
        while not (out / "log.csv").exists() and time.monotonic() < until:
            time.sleep(0.2)
        run.send_signal(signal.SIGINT)
        told = run.communicate()[0]
    assert "rexbench: stopped; the same call with --resume goes on from update" in told
    assert (out / "report.html").exists()


@pytest.mark.extra
@pytest.mark.parametrize(("part", "steps"), [("train", {0, 1, 2}), ("val", {3})])
def test_a_damaged_picture_of_one_process_leaves_a_checkpoint(tmp_path, part, steps):
    data = write_folder(tmp_path / "data")
    (data / part / "red/1.jpg").write_bytes(b"no picture")
    out = tmp_path / "out"
    words = COMMAND.format(data=data, out=out).split()
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run([*start, *words], capture_output=True, text=True, check=False)
    assert "red/1.jpg is no image in a known format" in done.stderr
    assert "another process met a damaged one and names it" in done.stderr
    assert torch.load(out / "last.pth", weights_only=True)["standing"]["step"] in steps
