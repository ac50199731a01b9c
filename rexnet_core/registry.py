"""Names of networks, and what each name means. No torch here.

A name has one spelling: the width as Python prints the number (``rexnet_1.0``, not ``rexnet_1`` or ``rexnet_1.00``),
so that two rows with different names are different networks.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rexnet_core.baselines.efficientnet_config import LITE_SCALES, SCALES, efficientnet_config, efficientnet_lite_config
from rexnet_core.baselines.mobilenet_v2_config import mobilenet_v2_config
from rexnet_core.baselines.regnetx_config import RULES, regnetx_config
from rexnet_core.errors import InputError, UnknownNameError
from rexnet_core.network_config import Options
from rexnet_core.rexnet_config import rexnet_config, rexnet_lite_config, rexnet_plain_config, rexnetr_config
from rexnet_core.stochastic_depth import drop_paths

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rexnet_core.network_config import NetConfig

NATIVE_RESOLUTION = 224
WIDTH_RANGE = (0.5, 20.0)
DEPTH_RANGE = (0.1, 10.0)
MAX_CLASSES = 1_000_000
MAX_CHANNELS = 4096


@dataclass(frozen=True, slots=True)
class Family:
    """A family whose members differ by one width: its published widths, its source and its builder."""

    widths: tuple[float, ...]
    source: str
    config: Callable[..., NetConfig]
    extras: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SizeFamily:
    """A family of published sizes alone: how names begin, native input side [pixels] of each, source and builder."""

    prefix: str
    sizes: Mapping[str, int]
    source: str
    config: Callable[[str, str, Options], NetConfig]


WIDTH_FAMILIES = {
    "rexnet": Family(
        (0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 2.0, 2.2, 3.0),
        "Han et al. 2021, arXiv 2007.00992; clovaai/rexnet rexnetv1.py",
        rexnet_config,
        ("depth_mult", "use_se"),
    ),
    "rexnetr": Family(
        (1.0, 1.3, 1.5, 2.0, 3.0),
        "the same, widths rounded as in timm rexnetr_*",
        rexnetr_config,
        ("depth_mult", "use_se"),
    ),
    "rexnet_lite": Family((1.0, 1.3, 1.5, 2.0), "clovaai/rexnet rexnetv1_lite.py", rexnet_lite_config),
    "mobilenet_v2": Family((1.0, 1.4), "Sandler et al. 2018, arXiv 1801.04381", mobilenet_v2_config),
}
SIZE_FAMILIES = {
    "regnetx": SizeFamily(
        "regnetx_",
        dict.fromkeys(RULES, NATIVE_RESOLUTION),
        "Radosavovic et al. 2020, arXiv 2003.13678; pycls",
        regnetx_config,
    ),
    "efficientnet": SizeFamily(
        "efficientnet_",
        {size: scale.resolution for size, scale in SCALES.items()},
        "Tan and Le 2019, arXiv 1905.11946; timm, torchvision",
        efficientnet_config,
    ),
    "efficientnet_lite": SizeFamily(
        "efficientnet_lite",
        {size: scale.resolution for size, scale in LITE_SCALES.items()},
        "tensorflow/tpu, models/official/efficientnet/lite",
        efficientnet_lite_config,
    ),
}
#: Name of each published size to its family and size.
_SIZED = {known.prefix + size: (family, size) for family, known in SIZE_FAMILIES.items() for size in known.sizes}
PLAIN_SOURCE = "Han et al. 2021, arXiv 2007.00992, architecture figure and printed costs"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """What a name stands for; `width_mult` is None where the name has none, `resolution` the native input side."""

    name: str
    family: str
    width_mult: float | None
    resolution: int
    source: str


def model_names() -> tuple[str, ...]:
    """The published names; any other width of at least 0.5 works in the families that have one."""
    scaled = [f"{family}_{width}" for family, entry in WIDTH_FAMILIES.items() for width in entry.widths]
    return (*scaled, "rexnet_plain", *_SIZED)


def model_info(name: str) -> ModelInfo:
    """Family, width, native input side and source of `name`.

    Raises:
        InputError: `name` is not a model name, or its width is out of range or not in canonical spelling.
    """
    family, tail = _split(name)
    width_mult, resolution, source = None, NATIVE_RESOLUTION, PLAIN_SOURCE
    if family in SIZE_FAMILIES:
        resolution, source = SIZE_FAMILIES[family].sizes[tail], SIZE_FAMILIES[family].source
    elif family in WIDTH_FAMILIES:
        width_mult, source = float(tail), WIDTH_FAMILIES[family].source
    return ModelInfo(name=name, family=family, width_mult=width_mult, resolution=resolution, source=source)


def model_config(
    name: str,
    *,
    num_classes: int = 1000,
    in_channels: int = 3,
    dropout: float | None = None,
    drop_path: float = 0.0,
    **extras: Any,
) -> NetConfig:
    """The config of a named network.

    Args:
        name: Such as ``rexnet_1.3``; `model_names` has the published ones.
        num_classes: Classes, 1 or more.
        in_channels: Channels of the image, 1 or more.
        dropout: Probability before the classifier, in [0, 1); None is the family's own.
        drop_path: Probability, in [0, 1), that training leaves out the last block; it rises linearly over the blocks.
        **extras: ``depth_mult`` (blocks per stage, times this, rounded up) and ``use_se``, for rexnet and rexnetr.

    Raises:
        InputError: The name or an option breaks its rule.
    """
    family, tail = _split(name)
    check_num_classes(num_classes)
    _check_count("in_channels", in_channels, MAX_CHANNELS)
    if dropout is not None:
        _check_share("dropout", dropout)
    _check_share("drop_path", drop_path)
    _check_extras(name, family, extras)
    options = Options(num_classes=num_classes, in_channels=in_channels, dropout=dropout)
    return drop_paths(_build_config(name, family, tail, options, extras), drop_path)


def _build_config(name: str, family: str, tail: str, options: Options, extras: dict[str, Any]) -> NetConfig:
    if family in SIZE_FAMILIES:
        return SIZE_FAMILIES[family].config(name, tail, options)
    if family == "rexnet_plain":
        return rexnet_plain_config(name, options)
    return WIDTH_FAMILIES[family].config(name, float(tail), options, **extras)


def check_num_classes(value: int) -> None:
    """Nothing, if `value` may be a number of classes.

    Raises:
        InputError: It may not.
    """
    _check_count("num_classes", value, MAX_CLASSES)


def _split(name: str) -> tuple[str, str]:
    """The family and the rest of a name, both checked."""
    if not isinstance(name, str):
        raise InputError(f"a model name must be text, not {type(name).__name__}; give one such as 'rexnet_1.0'")
    family, _, tail = name.rpartition("_")
    if name == "rexnet_plain":
        return name, ""
    if name in _SIZED:
        return _SIZED[name]
    if family in WIDTH_FAMILIES and re.fullmatch(r"-?[0-9]+(\.[0-9]*)?", tail):
        _check_width(name, family, tail)
        return family, tail
    raise UnknownNameError("model", name, model_names())


def _check_width(name: str, family: str, tail: str) -> None:
    width, (low, high) = float(tail), WIDTH_RANGE
    if not low <= width <= high:
        raise InputError(
            f"the width of {name!r} must lie between {low} and {high:g}; "
            f"give such a one, published are {', '.join(str(known) for known in WIDTH_FAMILIES[family].widths)}"
        )
    if tail != repr(width):
        raise InputError(f"{name!r} is not how this model is spelled; write '{family}_{width}'")


def _check_count(option: str, value: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= high:
        raise InputError(f"{option} must be a whole number from 1 to {high}, was {value!r}; give such a number")


def _check_share(option: str, value: float) -> None:
    if not _is_number(value) or not 0 <= value < 1:
        raise InputError(f"{option} must be a number from 0 to below 1, was {value!r}; give such a number")


def _check_extras(name: str, family: str, extras: dict[str, Any]) -> None:
    known = WIDTH_FAMILIES[family].extras if family in WIDTH_FAMILIES else ()
    for option, value in extras.items():
        if option not in known:
            allowed = ", ".join(("num_classes", "in_channels", "dropout", "drop_path", *known))
            raise InputError(f"{name} takes no option {option!r}; it takes {allowed}")
        if option == "use_se" and not isinstance(value, bool):
            raise InputError(f"use_se must be True or False, was {value!r}; give one of them")
        if option == "depth_mult" and not (_is_number(value) and DEPTH_RANGE[0] <= value <= DEPTH_RANGE[1]):
            low, high = DEPTH_RANGE
            raise InputError(f"depth_mult must lie between {low:g} and {high:g}, was {value!r}; give such a number")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
