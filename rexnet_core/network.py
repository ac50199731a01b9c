"""The network built from a config: stem, stages, head."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from rexnet_core.blocks import ACTIVATIONS, BLOCKS, ConvNormAct
from rexnet_core.registry import check_num_classes

if TYPE_CHECKING:
    from rexnet_core.network_config import HeadConfig, NetConfig


class Network(nn.Module):
    """An image classifier: (N, in_channels, H, W) -> logits (N, num_classes); any side from 32 pixels on.

    Children in order: `stem`, `stages` (a sequence of sequences of blocks), `head_conv`, `pool`, `hidden`, `dropout`,
    `classifier`; what a family lacks is an identity.

    Args:
        config: What to build; kept as the attribute of that name.
    """

    def __init__(self, config: NetConfig) -> None:
        super().__init__()
        self.config = config
        stem, head = config.stem, config.head
        block = BLOCKS[config.block_kind]
        self.stem = ConvNormAct(
            stem.w_in, stem.w_out, kernel=stem.kernel, stride=stem.stride, padding=stem.padding, act=stem.act
        )
        self.stages = nn.Sequential(*(nn.Sequential(*map(block, stage)) for stage in config.stages))
        self.head_conv = ConvNormAct(head.w_in, head.w_conv, act=head.act) if head.w_conv else nn.Identity()
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(1))
        self.hidden = _hidden_layer(head) if head.w_hidden else nn.Identity()
        self.dropout = nn.Dropout(head.dropout)
        self.classifier = nn.Linear(head.w_classifier, head.num_classes)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                module.eps = config.norm_eps
        self._initialise()

    def forward_features(self, x: Tensor) -> Tensor:
        """The last feature map (N, w_features, H / 32, W / 32), sides rounded up."""
        out: Tensor = self.head_conv(self.stages(self.stem(x)))
        return out

    def forward_head(self, features: Tensor) -> Tensor:
        """Logits (N, num_classes) of a feature map that `forward_features` gave."""
        out: Tensor = self.classifier(self.dropout(self.hidden(self.pool(features))))
        return out

    @torch.jit.export
    def forward_intermediates(self, x: Tensor) -> list[Tensor]:
        """The output of each stage, first to last, each (N, w_out, h, w); also callable on the scripted network."""
        maps: list[Tensor] = []
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, num_classes) of images (N, in_channels, H, W)."""
        return self.forward_head(self.forward_features(x))

    @torch.jit.unused
    def reset_classifier(self, num_classes: int) -> None:
        """Puts a freshly initialised classifier for `num_classes` in place, on the old one's device and of its dtype.

        Raises:
            InputError: `num_classes` is no whole number of 1 or more.
        """
        check_num_classes(num_classes)
        old = self.classifier.weight
        self.classifier = nn.Linear(old.shape[1], num_classes, device=old.device, dtype=old.dtype)
        _initialise_linear(self.classifier)
        self.config = replace(self.config, head=replace(self.config.head, num_classes=num_classes))

    def _initialise(self) -> None:
        if self.classifier.weight.is_meta:
            return  # nothing to fill, and pretending to takes torch a tenth of a second
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                # He initialisation by outputs; torch's own forgets the groups and makes depthwise weights vanish.
                outputs = module.out_channels // module.groups * module.weight[0, 0].numel()
                nn.init.normal_(module.weight, std=(2 / outputs) ** 0.5)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                _initialise_linear(module)


def _initialise_linear(module: nn.Linear) -> None:
    nn.init.normal_(module.weight, std=0.01)
    nn.init.zeros_(module.bias)


def _hidden_layer(head: HeadConfig) -> nn.Sequential:
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    layers["linear"] = nn.Linear(head.w_features, head.w_hidden)
    layers["norm"] = nn.BatchNorm1d(head.w_hidden)
    layers["act"] = ACTIVATIONS[head.act](inplace=True)
    return nn.Sequential(layers)
