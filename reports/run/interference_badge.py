"""How it is marked whether the machine disturbed a case."""

from __future__ import annotations

from bench.statistics.disturbance import DISTURBED, UNDISTURBED, UNKNOWN

#: Before the word, for those who skim and those who see no colours.
SYMBOLS = {UNDISTURBED: "\N{CHECK MARK}", DISTURBED: "\N{WARNING SIGN}", UNKNOWN: "?"}


def render_badge(state: str) -> str:
    """Such as ``⚠ disturbed``; empty for a case without a round."""
    return f"{SYMBOLS[state]} {state}" if state else ""
