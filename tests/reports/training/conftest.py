"""A made-up training."""

from __future__ import annotations

from typing import Any

from analysis.training import read_recipe

HOSTILE = "</script><b onload=alert(1)>\"'&x"


def made_epoch(epoch: int, val_top1_percent: float, *, best: bool) -> dict[str, Any]:
    """The row of an epoch of ten updates."""
    return {
        "epoch": epoch,
        "step": 10 * epoch,
        "learning_rate": 0.05 / epoch,
        "train_loss": 2.0 / epoch,
        "train_top1_percent": 40.0 + 10 * epoch,
        "train_top5_percent": None,
        "val_loss": 1.5 / epoch,
        "val_top1_percent": val_top1_percent,
        "val_top5_percent": None,
        "val_images": 40,
        "best": best,
    }


def made_training() -> dict[str, Any]:
    """A made-up document of the shape that `rexbench train` stores."""
    epochs = [
        made_epoch(epoch, top1, best=best)
        for epoch, top1, best in ((1, 50.0, True), (2, 47.5, False), (3, 82.5, True), (4, 80.0, False))
    ]
    head = {"kind": "training", "format_version": 1, "stopped": True}
    counts = {
        "train_images": 325,
        "val_images": 40,
        "left_out": 2,
        "steps": 200,
        "steps_done": 44,
        "left_out_per_epoch": 5,
    }
    return {
        **head,
        **counts,
        "model": f"rexnet_1.0 {HOSTILE}",
        "resolution": 64,
        "classes": ["a", "b", HOSTILE],
        "train_folder": f"data/train {HOSTILE}",
        "val_folder": "data/val",
        "unreadable_files": ["data/train/a/torn.jpg"],
        "recipe": read_recipe("small").as_dict(),
        "learning_rate_rule": "0.05 at batch 32",
        "precision": "fp32",
        "device": "cpu",
        "channels_last": True,
        "frozen": False,
        "accumulate": 2,
        "processes": 2,
        "threads": 1,
        "seed": 0,
        "started_from": {"path": "start.pth", "entry": None, "layout": "own", "sha256": "0" * 64},
        "ended": "stopped",
        "reason": "",
        "best": epochs[2],
        "best_file": "out/best.pth",
        "last_file": "out/last.pth",
        "epochs": epochs,
    }
