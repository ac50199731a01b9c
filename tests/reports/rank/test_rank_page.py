from __future__ import annotations

import copy
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from reports.rank import columns, rank_frames
from reports.rank.figures import plan_rank, plot_rank
from reports.rank.page import describe_rank, render_rank_page

EVIL = "\"'></td></script><script>alert(1)</script>"


class Elements(HTMLParser):
    """Collects the tags of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def render(document: dict[str, Any], *, draw: bool = False) -> str:
    frames = rank_frames(document)
    return render_rank_page(document["kind"], frames, plot_rank(document["kind"], frames) if draw else [])


def without_library(page: str) -> str:
    return re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


@pytest.fixture(scope="module")
def pages(documents: dict[str, Any], drawn: dict[str, list[Any]]) -> dict[str, str]:
    return {kind: render_rank_page(kind, rank_frames(one), drawn[kind]) for kind, one in documents.items()}


@pytest.mark.parametrize("kind", columns.TABLES)
def test_nothing_is_fetched_from_outside(pages: dict[str, str], kind: str) -> None:
    for tag, attributes in Elements(pages[kind]).found:
        for name in ("src", "href", "srcset", "data", "action", "poster"):
            value = attributes.get(name) or ""
            assert value == "" or value.startswith(("#", "data:")), (tag, name, value)
    assert not re.search(r"https?://|@import|url\(", pages[kind])
    assert "default-src 'none'" in pages[kind]


@pytest.mark.parametrize("kind", columns.TABLES)
def test_links_find_their_sections_and_ids_are_unique(pages: dict[str, str], kind: str) -> None:
    found = Elements(pages[kind]).found
    ids = [a["id"] for _, a in found if "id" in a]
    assert len(ids) == len(set(ids))
    assert {(a["href"] or "")[1:] for tag, a in found if tag == "a"} <= set(ids)


@pytest.mark.parametrize("kind", columns.TABLES)
def test_a_study_of_nothing_is_a_page_that_says_so(kind: str) -> None:
    page = without_library(render({"format": 1, "kind": kind}, draw=True))
    assert {"layers": "No claim was tested", "network": "No model was studied", "trained": "No claim was tested"}[
        kind
    ] in page
    assert "Left out: " in page
    assert "<img" not in page


@pytest.mark.parametrize("kind", columns.TABLES)
def test_figures_are_in_the_page_with_their_captions(pages: dict[str, str], kind: str) -> None:
    images = [a for tag, a in Elements(pages[kind]).found if tag == "img"]
    assert len(images) == {"layers": 12, "network": 7, "trained": 4}[kind]
    assert all((a["src"] or "").startswith("data:image/svg+xml;base64,") and a["alt"] for a in images)


@pytest.mark.parametrize("kind", columns.TABLES)
@pytest.mark.parametrize("empty", [False, True])
def test_every_text_is_whole_sentences(documents: dict[str, Any], kind: str, *, empty: bool) -> None:
    frames = rank_frames({"format": 1, "kind": kind} if empty else documents[kind])
    page, plans = describe_rank(kind, frames), list(plan_rank(kind, frames))
    texts = [page.lead, *page.doubts, page.verdict.intro, page.verdict.missing, *(text for _, text in page.reading)]
    texts += [text for section in page.sections for text in (section.intro, section.missing)]
    texts += [plan.caption for plan in plans]
    assert [text for text in texts if not text.endswith(".") or "  " in text or text != text.strip()] == []
    # The page says "because ... ." around these.
    assert [plan.needs for plan in plans if not plan.needs or plan.needs.endswith(".")] == []


def test_verdicts_come_first_and_in_words(pages: dict[str, str]) -> None:
    page = without_library(pages["layers"])
    assert page.index("What became of the claims</h2>") < page.index("Figures</h2>")
    assert "(otherwise with another tolerance or centring)" in page
    assert "Rule: the mean at 0.1 lies below that at 1." in page
    assert "<td>not tested</td>" not in page
    assert "412 settings were tried, each at several tolerances and centrings, 7416 views in all." in page
    assert "On fresh networks the nearest has distance 0.0356." in page


def test_settings_of_grid_and_sign_map_are_shown(pages: dict[str, str]) -> None:
    page = without_library(pages["layers"])
    shown = page[page.index('<section id="settings">') :]
    assert "<summary>sensitivity</summary>" in shown
    assert "<summary>sign map</summary>" in shown
    assert "<dt>d_out</dt><dd>16, 64, 256</dd>" in shown


def test_how_layers_were_timed_is_among_the_settings(pages: dict[str, str]) -> None:
    assert "<dt>layer times.method</dt><dd>leaf modules timed by hooks</dd>" in pages["network"]


def test_the_page_says_what_maps_of_one_position_cannot_tell(pages: dict[str, str]) -> None:
    assert "Only settings with spatial above 1 can tell the two apart." in pages["layers"]


def test_a_claim_that_a_protocol_did_not_test_says_so(layers: dict[str, Any]) -> None:
    claims = [row for row in layers["claims"] if (row["claim"], row["protocol"]) != ("C1", "closest")]
    assert without_library(render({**layers, "protocols": [], "claims": claims})).count("<td>not tested</td>") == 1


def test_an_interrupted_study_says_so(layers: dict[str, Any], trained: dict[str, Any]) -> None:
    cut = layers["protocols"][0] | {"stopped_by": "interrupted", "cells": []}
    assert "The study was interrupted; what it had not come to" in render({**layers, "protocols": [], "stopped": True})
    assert "Protocol literal was interrupted" in render({**layers, "protocols": [cut]})
    assert "The check was interrupted" in render({**trained, "stopped_by": "interrupted"})


def test_failed_runs_and_their_reasons_are_named(pages: dict[str, str]) -> None:
    assert "1 of 30 runs failed and are left out: worst seed 2 (the loss became NaN)." in pages["trained"]


def test_too_few_rows_are_a_doubt_of_the_whole_page(pages: dict[str, str]) -> None:
    assert "6 of 46 taps have more rows than channels, but fewer than four per channel" in pages["network"]


def test_ranks_that_are_capped_by_the_rows_are_told_from_those_that_are_not(network: dict[str, Any]) -> None:
    other = copy.deepcopy(network)
    other["models"][0]["taps"][-1].update(flags=["sample_limited"], rows=48)
    page = without_library(render(other))
    assert "1 of 46 taps have no more rows than channels" in page
    assert page.count("(capped by 48 rows)") == 1


def test_hostile_text_in_every_field_stays_text(
    layers: dict[str, Any], network: dict[str, Any], trained: dict[str, Any]
) -> None:
    keys = {"kind", "status", "primary", "metric", "centring", "tolerance"}

    def poison(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: poison(one, name) for name, one in value.items()}
        if isinstance(value, list):
            return [poison(one, key) for one in value[:3]]
        return EVIL if isinstance(value, str) and key not in keys and value != "float32" else value

    for document in (layers, network, trained):
        page = render(poison(copy.deepcopy(document)), draw=True)
        assert "<script>alert" not in page
        assert "</td></script>" not in page
