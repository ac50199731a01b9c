from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from analysis.study import Study
from reports.drawing.figure import draw
from reports.rank import page_layers, page_network, page_trained
from reports.rank.tables import TABLES
from reports.report import build_frames, find_report

DESCRIBE = {"layers": page_layers.describe, "network": page_network.describe, "trained": page_trained.describe}
EVIL = "\"'></td></script><script>alert(1)</script>"


def render(document: dict[str, Any], *, drawn: bool = False) -> str:
    study = Study.from_dict(document)
    report, frames = find_report(study.kind), build_frames(study.kind, study)
    assert report.page is not None
    return report.page(study, frames, draw(report.figures(study, frames)) if drawn else [])


def without_library(page: str) -> str:
    return re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


@pytest.fixture(scope="module")
def pages(documents: dict[str, Any]) -> dict[str, str]:
    return {kind: render(document) for kind, document in documents.items()}


@pytest.mark.parametrize("kind", TABLES)
def test_a_study_of_nothing_is_a_page_that_says_so(kind: str) -> None:
    page = without_library(render({"format": 1, "kind": kind}))
    assert {"layers": "No claim was tested", "network": "No model was studied", "trained": "No claim was tested"}[
        kind
    ] in page


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("empty", [False, True])
def test_every_text_is_whole_sentences(documents: dict[str, Any], kind: str, *, empty: bool) -> None:
    study = Study.from_dict({"format": 1, "kind": kind} if empty else documents[kind])
    page = DESCRIBE[kind](build_frames(kind, study))
    texts = [page.lead, *page.doubts, page.verdict.intro, page.verdict.missing, *(text for _, text in page.reading)]
    texts += [text for section in page.sections for text in (section.intro, section.missing)]
    assert [text for text in texts if not text.endswith(".") or "  " in text or text != text.strip()] == []


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
            return {name: poison(part, name) for name, part in value.items()}
        if isinstance(value, list):
            return [poison(part, key) for part in value[:3]]
        return EVIL if isinstance(value, str) and key not in keys and value != "float32" else value

    for document in (layers, network, trained):
        page = render(poison(copy.deepcopy(document)), drawn=True)
        assert "<script>alert" not in page
        assert "</td></script>" not in page
