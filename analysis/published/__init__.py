"""The numbers others printed about these models, with their source and the convention they state. No torch here."""

from __future__ import annotations

from analysis.published.accuracy import Accuracy, find_accuracy
from analysis.published.table import METRICS, PublishedRow, load, top1

__all__ = ["METRICS", "Accuracy", "PublishedRow", "find_accuracy", "load", "top1"]
