"""torch.compile with freezing: the setting holds while the module is compiled, and takes effect."""

from __future__ import annotations

import pytest
import torch
from torch._inductor import config
from torch._inductor.utils import run_and_get_code

from bench.backends import compile_freezing
from bench.records.inputs import dump_inputs

from .conftest import make_case


@pytest.fixture
def frozen(tmp_path):
    """The backend with a small module in place of a model."""
    dump_inputs(tmp_path, [torch.rand(1, 2, 3, 8, 8).numpy()])
    backend = compile_freezing.open_backend(make_case("compile_freezing"), tmp_path)
    backend.module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4)).eval()
    torch.set_grad_enabled(False)
    yield backend
    torch.set_grad_enabled(True)


def test_the_weights_are_frozen_while_torch_compiles_and_not_after(frozen, monkeypatch):
    seen = []

    def compile_module(module, **_settings):
        return lambda *inputs: (seen.append((config.freezing, torch.is_grad_enabled())), module(*inputs))

    monkeypatch.setattr("torch.compile", compile_module)
    frozen.compile()
    assert seen == [(True, False)]
    assert not config.freezing


@pytest.mark.extra
def test_freezing_lays_weights_out_for_onednn(frozen, monkeypatch, tmp_path):
    """Code with frozen weights calls oneDNN's own convolution, and has no batch norm left."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "cache"))
    _, codes = run_and_get_code(frozen.compile)
    assert any("mkldnn._convolution_pointwise" in code for code in codes)
