"""A module that was counted is what it was: tensors bit by bit, places, hooks, modes and plain attributes.

Of the kind: submodules and tensors under several names (layers, norms, lists, one tensor in two modules, buffers),
parametrizations, weights that hooks compute, views of one storage, lazy modules, frozen and sparse training modes,
forwards that change buffers, caches and counters, or replace what they hold, and those that raise half-way.
"""

from itertools import product

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, spectral_norm, weight_norm

from analysis.complexity import trace
from analysis.complexity.conventions import CONVENTIONS, count_under
from rexnet_core.errors import InputError

#: One of each counter; the others run the same copy in the same way.
NAMES = ("trace", *(name for name in CONVENTIONS if not name.startswith(("openvino", "two", "thop_"))))


def count_as(name, module):
    return trace(module, 32) if name == "trace" else count_under(name, module, 32)


class Twice(nn.Module):
    """One submodule under two names."""

    def __init__(self, shared):
        super().__init__()
        self.a = shared
        self.b = self.a

    def forward(self, x):
        return self.b(self.a(x))


class TiedTensors(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)
        self.n, self.m = nn.BatchNorm2d(3), nn.BatchNorm2d(3)
        self.b.weight = self.a.weight
        self.m.running_mean, self.m.bias = self.n.running_mean, self.n.bias
        self.view = nn.Conv2d(3, 3, 1, bias=False)
        self.view.weight = nn.Parameter(self.a.weight.data)

    def forward(self, x):
        return self.view(self.m(self.b(self.n(self.a(x)))))


class Restless(nn.Module):
    """Its forward changes whatever a forward can change."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.register_buffer("runs", torch.zeros(()))
        self.register_buffer("mean", torch.zeros(3))
        self.calls, self.cache, self.seen, self.last = 0, {}, [], None
        self.plain = torch.ones(3, 1, 1)

    def forward(self, x):
        self.calls += 1
        self.runs += 1
        self.mean = self.mean + x.mean((0, 2, 3))
        if "ones" not in self.cache:
            self.cache["ones"] = torch.ones_like(x)
        self.seen.append(x)
        with torch.no_grad():
            self.conv.bias.add_(1)
        self.last = self.conv(x) * self.plain + self.cache["ones"]
        return self.last


class Raising(nn.Module):
    """It fails after its shared layer ran and a buffer changed."""

    def __init__(self):
        super().__init__()
        self.a = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3))
        self.b = self.a
        self.register_buffer("runs", torch.zeros(()))

    def forward(self, x):
        self.runs += 1
        self.b(self.a(x))
        raise RuntimeError("half-way")


def shared_list():
    norm, conv = nn.BatchNorm2d(3), nn.Conv2d(3, 3, 1)
    return nn.Sequential(nn.Sequential(conv, norm), nn.ModuleList([norm, norm])[0], nn.Sequential(conv, norm))


def frozen():
    module = Twice(nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3), nn.Dropout())).train()
    module.a[1].eval().requires_grad_(requires_grad=False)
    return module


def hooked():
    module = Twice(nn.Conv2d(3, 3, 1))
    module.a.register_forward_hook(lambda _m, _i, out: out * 2)
    module.a.register_forward_pre_hook(lambda _m, inputs: inputs)
    return module


def tied_parametrization():
    conv = parametrizations.weight_norm(nn.Conv2d(3, 3, 1))
    return nn.Sequential(conv, parametrizations.spectral_norm(nn.Conv2d(3, 3, 1)), conv)


def strided():
    return Twice(nn.Conv2d(3, 3, 3, padding=1).to(memory_format=torch.channels_last))


class Closed(nn.Module):
    """It reaches its submodules through functions: an attribute, a default, a replaced method and a hook."""

    def __init__(self):
        super().__init__()
        self.a, self.norm, self.seen = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3), []
        scale = nn.Parameter(torch.ones(()))
        self.scale = scale
        self.first = lambda x: self.norm(self.a(x)) * scale
        self.second = lambda x, norm=self.norm: norm(x)
        inner = self.a.forward
        self.a.forward = lambda x: inner(inner(x))
        self.norm.register_forward_hook(lambda _m, _i, out: self.seen.append(out))

    def forward(self, x):
        return self.second(self.first(x))


MODULES = {
    "functions": Closed,
    "shared layer": lambda: Twice(nn.Conv2d(3, 3, 3, padding=1)),
    "shared norm": lambda: Twice(nn.BatchNorm2d(3)),
    "shared block": lambda: Twice(Twice(nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3), nn.ReLU()))),
    "shared entries of a list": shared_list,
    "tied tensors": TiedTensors,
    "parametrizations": tied_parametrization,
    "weights that hooks compute": lambda: Twice(spectral_norm(weight_norm(nn.Conv2d(3, 3, 1)), "weight_v")),
    "hooks": hooked,
    "modes and gradients": frozen,
    "strides": strided,
    "a restless forward": Restless,
    "lazy": lambda: nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d()),
}


def state_of(module):
    """What must not change, with the numbers themselves as bytes."""
    state = {}
    for name, tensor in (
        *module.named_parameters(remove_duplicate=False),
        *module.named_buffers(remove_duplicate=False),
    ):
        bits = None if nn.parameter.is_lazy(tensor) else (tensor.detach().clone().numpy().tobytes(), tensor.stride())
        grad = None if tensor.grad is None else tensor.grad.clone().numpy().tobytes()
        state[name] = (id(tensor), type(tensor), tensor.device.type, tensor.requires_grad, bits, grad)
    for name, child in module.named_modules(remove_duplicate=False):
        hooks = [list(value) for key, value in vars(child).items() if key.endswith("_hooks")]
        plain = {key: repr(value) for key, value in vars(child).items() if not key.startswith("_")}
        state[f"{name} itself"] = (id(child), type(child), child.training, list(vars(child)), hooks, plain)
    return state


@pytest.mark.parametrize(
    ("module", "name"),
    [*product(MODULES, NAMES), *product(("shared layer", "tied tensors", "a restless forward"), ["openvino"])],
)
def test_a_counted_module_is_what_it_was(module, name):
    torch.manual_seed(0)
    counted = MODULES[module]()
    before = state_of(counted)
    count_as(name, counted)
    assert state_of(counted) == before


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("params")])
def test_so_is_one_that_fails(name):
    module = Raising().train()
    before = state_of(module)
    with pytest.raises(InputError, match="half-way"):
        count_as(name, module)
    assert state_of(module) == before


@pytest.mark.parametrize("name", NAMES)
def test_it_computes_what_it_did(name):
    module = Twice(nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3))).eval()
    image = torch.randn(1, 3, 32, 32)
    before = module(image)
    count_as(name, module)
    assert torch.equal(module(image), before)
    before.sum().backward()
    assert module.a[0].weight.grad is not None


def test_gradients_are_kept_and_not_needed():
    module = nn.Conv2d(3, 3, 1)
    module(torch.ones(1, 3, 8, 8)).sum().backward()
    before = state_of(module)
    trace(module, 32)
    assert state_of(module) == before


def test_functions_reach_the_copy():
    cost = trace(Closed(), 32)
    assert {layer.layer: layer.macs for layer in cost.layers} == {"a": 2 * 9 * 32 * 32, "norm": 0, "": 0}


LOOSE = nn.Conv2d(3, 3, 1)


class Global(nn.Module):
    """It reaches its submodule by a name of this file, which no copy can change."""

    def __init__(self):
        super().__init__()
        self.loose = LOOSE

    def forward(self, x):
        return LOOSE(x)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("params")])
def test_a_module_that_runs_without_its_copy_is_refused(name):
    before = state_of(LOOSE)
    with pytest.raises(InputError, match=r"this Global does not run the copy of its Conv2d but the original"):
        count_as(name, Global())
    assert state_of(LOOSE) == before


class Holder(nn.Module):
    """It holds what can't be copied."""

    def __init__(self):
        super().__init__()
        self.lines = (line for line in "ab")

    def forward(self, x):
        return x


def test_what_openvino_cannot_convert_is_refused_in_one_line():
    module = nn.Sequential(parametrizations.spectral_norm(nn.Conv2d(3, 3, 1)))
    with pytest.raises(InputError, match=r"^OpenVINO can't convert this Sequential: .*aten::vdot.*$"):
        count_under("openvino", module, 32)


@pytest.mark.parametrize("name", NAMES)
def test_what_cannot_be_copied_is_refused_in_one_line(name):
    with pytest.raises(InputError, match=r"copying this Holder gave TypeError: cannot pickle 'generator' object"):
        count_as(name, Holder())
