"""Weights and an image made of sines, the same in every library."""

import json
from pathlib import Path

import torch

DATA = Path(__file__).parent / "data"


def load_json(name):
    return json.loads((DATA / name).read_text(encoding="utf-8"))


def golden_state(shapes):
    """Public name -> float32 tensor; a tensor's values follow from its place, its name and its shape."""
    state, place = {}, 0
    for name, shape in shapes.items():
        if name.endswith("num_batches_tracked"):
            state[name] = torch.tensor(0)
            continue
        state[name] = _wave(torch.Size(shape), place, name).float()
        place += 1
    return state


def golden_image(side):
    """Float32 (1, 3, side, side)."""
    index = torch.arange(3 * side * side, dtype=torch.float64)
    return torch.sin(0.013 * index + 0.5 * torch.sin(0.00071 * index)).reshape(1, 3, side, side).float()


def _wave(shape, place, name):
    index = torch.arange(shape.numel(), dtype=torch.float64)
    wave = torch.sin(0.7 * index * (1 + 0.01 * (place % 7)) + 0.3 * place).reshape(shape)
    if len(shape) > 1:
        return wave * (3 / shape[1:].numel()) ** 0.5
    if name.endswith("running_var"):
        return 1 + 0.5 * wave
    if name.endswith("running_mean"):
        return 0.1 * wave
    return 1 + 0.2 * wave if name.endswith("weight") else 0.1 * wave
