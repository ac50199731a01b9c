"""Classes of modules that nobody registered, small and for images of 3 x 32 x 32: see `unregistered_modules`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Callable

_WIDTH, _HEADS = 24, 4


class Calls(nn.Module):
    """A function as a module, with the submodules that it may use."""

    def __init__(self, call: Callable[..., Any], **children: nn.Module) -> None:
        super().__init__()
        self.call = call
        for name, child in children.items():
            self.add_module(name, child)

    def forward(self, x: Tensor) -> Any:
        """What the function gives for its children and the image."""
        return self.call(self._modules, x)


class Attention(nn.Module):
    """Self-attention on patches, in one of its spellings."""

    def __init__(self, spelling: str) -> None:
        super().__init__()
        self.spelling = spelling
        self.patches = nn.Conv2d(3, _WIDTH, 8, 8)
        self.qkv = nn.Linear(_WIDTH, 3 * _WIDTH)
        self.out = nn.Linear(_WIDTH, _WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """``(1, 16, 24)``."""
        rows = self.patches(x).flatten(2).mT
        heads = self.qkv(rows).reshape(1, -1, 3, _HEADS, _WIDTH // _HEADS).permute(2, 0, 3, 1, 4)
        mixed: Tensor = getattr(self, f"_{self.spelling}")(*heads.unbind(0))
        answer: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return answer

    def _operator(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return (q @ k.mT).softmax(-1) @ v

    def _einsum(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return torch.einsum("bhij,bhjd->bhid", torch.einsum("bhid,bhjd->bhij", q, k).softmax(-1), v)

    def _batched(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        one, two, three = (part.flatten(0, 1) for part in (q, k, v))
        return torch.bmm(functional.softmax(torch.bmm(one, two.mT), -1), three)[None]

    def _fused(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return functional.scaled_dot_product_attention(q, k, v)


class Rows(nn.Module):
    """A module for sequences, on the rows of the image as a sequence."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Any:
        """What the inner module gives for ``(1, 96, 32)``."""
        return self.inner(x.flatten(1, 2))


class SelfAttention(nn.MultiheadAttention):
    """A subclass that attends to its input."""

    def forward(self, x: Tensor) -> Any:  # type: ignore[override]
        """Output and weights."""
        return super().forward(x, x, x)


class Mixer(nn.Module):
    """A mixer's block: linear layers over places, on a permuted tensor, and over channels."""

    def __init__(self, places: int = 16, width: int = _WIDTH) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, 8, 8)
        self.tokens = nn.Sequential(nn.Linear(places, 8), nn.GELU(), nn.Linear(8, places))
        self.channels = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(96, width))

    def forward(self, x: Tensor) -> Tensor:
        """``(1, 16, 24)``."""
        rows = self.patches(x).flatten(2).mT
        rows = rows + self.tokens(rows.transpose(1, 2)).transpose(1, 2)
        answer: Tensor = rows + self.channels(rows)
        return answer


class Dense(nn.Module):
    """Two convolutions that read all that came before."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(7, 4, 3, padding=1)])

    def forward(self, x: Tensor) -> Tensor:
        """``(1, 11, 32, 32)``; the list is never called itself."""
        for layer in self.layers:
            x = torch.cat([x, torch.relu(layer(x))], 1)
        return x


class Tied(nn.Module):
    """Two convolutions with one weight, and a norm with the buffers of another."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = (nn.Conv2d(3, 3, 3, padding=1) for _ in range(2))
        self.norm, self.other = nn.BatchNorm2d(3), nn.BatchNorm2d(3)
        self.two.weight = self.one.weight
        self.other.running_mean, self.other.running_var = self.norm.running_mean, self.norm.running_var

    def forward(self, x: Tensor) -> Tensor:
        """``(1, 3, 32, 32)``."""
        answer: Tensor = self.other(self.two(self.norm(self.one(x))))
        return answer


class Subclass(nn.Conv2d):
    """A convolution that no tool knows by its exact class."""


class Standardised(nn.Conv2d):
    """A convolution whose weight is computed anew at each call."""

    def forward(self, x: Tensor) -> Tensor:
        """``(1, W, H, W)``."""
        weight = (self.weight - self.weight.mean((1, 2, 3), keepdim=True)) / self.weight.std((1, 2, 3), keepdim=True)
        return functional.conv2d(x, weight, self.bias, self.stride, self.padding)
