"""How reports of the rank studies call things: parameters and columns, blocks in words and in short."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from reports.columns import Table

#: Symbols of channels keep their index.
_SYMBOLS = ("d_", "c_")
#: Block to its name in words and for narrow places, in the order of the paper's panels.
_BLOCKS = {
    "conv1x1": ("1x1 convolution", "conv1x1"),
    "conv3x3": ("3x3 convolution", "conv3x3"),
    "inverted_bottleneck_conv3x3": ("inverted bottleneck, 3x3", "IB conv3x3"),
    "inverted_bottleneck_dwconv3x3": ("inverted bottleneck, depthwise 3x3", "IB dwconv3x3"),
}
_NO_SHORTCUT = "_no_shortcut"


def spell(name: str) -> str:
    """A parameter or column as people write it."""
    return name if name.startswith(_SYMBOLS) else name.replace("_", " ")


def spell_meanings(table: Table) -> dict[str, str]:
    """Columns as people write them, to what they mean."""
    return {spell(name): column.meaning for name, column in table.items()}


def name_block(block: str) -> str:
    """A block in words."""
    return _named(block, 0)


def shorten_block(block: str) -> str:
    """A block's name for narrow places."""
    return _named(block, 1)


def _named(block: str, form: int) -> str:
    plain = block.removesuffix(_NO_SHORTCUT)
    known = _BLOCKS.get(plain)
    return (known[form] if known else plain) + ("" if plain == block else ", no shortcut")


def order_blocks(names: Iterable[str]) -> list[str]:
    """In the order of the paper's panels; others after them."""
    known = [*_BLOCKS, *(f"{block}{_NO_SHORTCUT}" for block in _BLOCKS)]
    return order_known(names, known)


def order_known(names: Iterable[str], known: Sequence[str]) -> list[str]:
    """Each name once, in the order of the known ones; others after them, by name."""
    return sorted(dict.fromkeys(names), key=lambda name: (known.index(name) if name in known else len(known), name))


def slugs(names: Iterable[str]) -> dict[str, str]:
    """Names to unique file names of lower case letters, digits and underscores."""
    taken: dict[str, str] = {}
    for name in dict.fromkeys(names):
        slug = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:40] or "unnamed"
        number = sum(other == slug or other.startswith(f"{slug}__") for other in taken.values())
        taken[name] = f"{slug}__{number + 1}" if number else slug
    return taken


def conditions_of(settings: pd.DataFrame, part: str, names: Iterable[str]) -> str:
    """Those parameters of a part of the study, as one line for the foot of a figure."""
    values = settings[settings["part"] == part].set_index("parameter")["value"].to_dict()
    return "; ".join(f"{spell(name)} {values[name]}" for name in names if name in values)
