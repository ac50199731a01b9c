"""Names of ImageNet's 1000 classes, in the order that checkpoints give them in. No torch here."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ImageClass:
    """A class of ImageNet.

    Args:
        synset: WordNet's id, which is also the name of the class folder, such as ``n01440764``.
        name: All its names, such as ``tench, Tinca tinca``; ``crane`` is that of two classes.
        short_name: The first name alone, with the id where another class has that one, too.
    """

    synset: str
    name: str
    short_name: str


@cache
def imagenet_classes() -> tuple[ImageClass, ...]:
    """ImageNet's 1000 classes in the order of their ids, which is that of the outputs of the usual checkpoints.

    Source: Open Model Zoo, ``data/dataset_classes/imagenet_2012.txt`` in openvino-dev 2024.6.0 (Apache 2.0).
    """
    with Path(__file__).with_name("imagenet_classes.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["synset"], row["name"]) for row in csv.DictReader(file)]
    firsts = [name.partition(", ")[0] for _, name in rows]
    counts = Counter(firsts)
    return tuple(
        ImageClass(synset, name, first if counts[first] == 1 else f"{first} ({synset})")
        for (synset, name), first in zip(rows, firsts, strict=True)
    )
