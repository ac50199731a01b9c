from __future__ import annotations

import json
import re
from typing import Any

import pytest
from page_elements import Elements

from analysis.complexity.conventions.record import GROUPS
from analysis.published.verdict import VERDICTS
from analysis.study import Study
from reports.published.explorer import gather_data, name_conventions
from reports.published.page import render_published_page, summarise, view_rows
from reports.published.styles import GROUP_LOOKS, VERDICT_LOOKS
from reports.report import build_frames

INK = (0x11, 0x11, 0x11)


def without_scripts(page: str) -> str:
    return re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


def frames_of(document: dict[str, Any]) -> Any:
    return build_frames("published", Study.from_dict(document))


def render(document: dict[str, Any]) -> str:
    return render_published_page(frames_of(document), ())


@pytest.fixture
def page(document: dict[str, Any]) -> str:
    return render(document)


def test_verdicts_come_first_with_symbol_word_and_count(page: str) -> None:
    shown = without_scripts(page)
    assert shown.index("What became of them</h2>") < shown.index("Convention explorer</h2>")
    for place, name in enumerate(VERDICTS):
        count = 0 if name == "explained" else 1
        badge = f'<span class="badge verdict-{place}">{VERDICT_LOOKS[name].symbol} {name}</span>'
        assert f"<b>{count}</b>{badge}" in shown
    assert "3 of 5 are costs, which counting can check: 1 reproduced in every printed digit, 0 explained" in shown


def test_a_verdict_reads_without_its_colour_and_on_it() -> None:
    assert set(VERDICT_LOOKS) == set(VERDICTS)
    assert len({look.symbol for look in VERDICT_LOOKS.values()}) == len(VERDICT_LOOKS)
    for look in VERDICT_LOOKS.values():
        assert contrast(INK, tuple(bytes.fromhex(look.colour[1:]))) > 9


def contrast(ink: Any, ground: Any) -> float:
    """As WCAG 2 defines it."""
    first, second = sorted((luminance(ink), luminance(ground)), reverse=True)
    return (first + 0.05) / (second + 0.05)


def luminance(colour: Any) -> float:
    parts = [value / 255 for value in colour]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return float(0.2126 * red + 0.7152 * green + 0.0722 * blue)


def test_every_group_has_a_colour_and_a_hatching_of_its_own() -> None:
    assert tuple(GROUP_LOOKS) == GROUPS
    for field in ("colour", "hatch", "pattern"):
        assert len({getattr(look, field) for look in GROUP_LOOKS.values()}) == len(GROUPS), field


def test_the_explorer_has_exact_counts_operators_and_users(document: dict[str, Any]) -> None:
    data = gather_data(frames_of(document))
    assert data["groups"] == ["convolution", "linear", "batch norm", "bias", "pooling"]
    assert [model["name"] for model in data["models"]] == ["rexnet_1.0", "mobilenet_v2_1.0"]
    fvcore = data["models"][0]["counts"][1]
    assert fvcore == {
        "convention": 1,
        "quantity": "operations",
        "input": "224 x 224 px",
        "total": 1050,
        "groups": [[0, 990], [1, 10], [2, 50]],
        "operators": [["convolution node", 990], ["linear node", 10], ["batch norm node", 50]],
        "uncounted": "silu x17; add x11",
    }
    assert data["conventions"][0]["uses"] == ["ReXNet paper (arXiv 2007.00992v3), Table 1 (flops: 1 of 1 reproduced)"]
    assert [convention["users"] for convention in data["conventions"]] == [1, 0, 0, 1]
    assert data["sources"] == 2
    assert [convention["isPlain"] for convention in data["conventions"]] == [True, False, False, True]


def test_a_convention_that_is_not_described_is_called_by_its_name(document: dict[str, Any]) -> None:
    document["conventions"] = document["conventions"][:1]
    frames = frames_of(document)
    assert name_conventions(frames) == {
        "macs": "multiply-adds",
        "fvcore": "fvcore",
        "timm_index": "timm_index",
        "params": "params",
    }
    assert len(gather_data(frames)["conventions"]) == 4
    assert "<th>timm_index</th>" in render(document)


def test_the_data_in_the_page_is_the_data(page: str, document: dict[str, Any]) -> None:
    assert json.loads(Elements(page).data) == gather_data(frames_of(document))


def test_without_scripts_every_total_is_in_a_table(document: dict[str, Any]) -> None:
    for count in document["explorer"]:
        count["total"] = 398_370_392
    shown = without_scripts(render(document))
    assert shown.count("<td>398.4</td>") == len(document["explorer"])
    assert '<th scope="row">mobilenet_v2_1.0</th>' in shown
    assert "<noscript>" in shown


def test_no_text_of_a_document_becomes_markup(hostile: dict[str, Any]) -> None:
    page = render(hostile)
    assert "<b onload" not in page
    assert "</script><b" not in page
    assert [a for _, a in Elements(page).tags if "onload" in a] == []
    models = [model["name"] for model in json.loads(Elements(page).data)["models"]]
    assert models == [f"{name}</script><b onload=alert(1)>\"'&x" for name in ("rexnet_1.0", "mobilenet_v2_1.0")]


def test_the_script_makes_text_of_names_never_markup(page: str) -> None:
    script = page[page.index("explorer-data") :]
    ours = script[script.index("<script>") : script.index("<section")]
    assert "textContent" in ours
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", ours)


def test_the_table_shows_what_is_not_reproduced_first_in_printed_units(document: dict[str, Any]) -> None:
    frames = frames_of(document)
    view = view_rows(frames["rows"], name_conventions(frames))
    assert view["verdict"].tolist() == ["✗ contradicted", "? open", "✓ reproduced", "□ needs data", "◇ needs hardware"]
    assert view["printed"].tolist() == ["4.9 M", "19,417,999 B", "0.40 G", "77.9 %", "12 ms"]
    assert view["ours"].tolist() == ["4.797 M", "19,417,552 B", "0.3984 G", "", ""]
    assert view["counted as"].tolist() == ["parameters", "checkpoint", "multiply-adds", "", ""]
    assert view["difference [%]"].tolist()[:3] == [2.105, 0.002, 0.407]
    assert view["where and why"].tolist()[3] == (
        "FLOPs; 224x224; stated: multiply-adds; an accuracy is checked on images; check: rexbench evaluate rexnet_1.0"
    )


@pytest.mark.parametrize(
    ("percent", "shown"), [(-9.52e-06, -9.5e-06), (0.0004, 0.0004), (0.00184, 0.002), (0.0, 0.0), (-12.3456, -12.346)]
)
def test_a_small_difference_is_not_shown_as_none(document: dict[str, Any], percent: float, shown: float) -> None:
    document["rows"] = [document["rows"][0] | {"difference_percent": percent}]
    frames = frames_of(document)
    assert view_rows(frames["rows"], name_conventions(frames))["difference [%]"].tolist() == [shown]


def test_cells_of_verdicts_become_badges_and_few_values_are_ticked(page: str) -> None:
    table = page[page.index('<section id="numbers">') : page.index('<section id="conventions">')]
    assert '<td><span class="badge verdict-2">\N{BALLOT X} contradicted</span></td>' in table
    assert table.count("data-list") == 5


def test_an_empty_document_is_a_page_that_says_so(nothing: dict[str, Any]) -> None:
    shown = without_scripts(render(nothing))
    for text in (
        "No number was judged.",
        "No model was counted under the conventions.",
        "No convention is described.",
        "No source was read.",
    ):
        assert text in shown
    assert "<select" not in shown
    assert summarise(frames_of(nothing)["rows"]) == "No number was judged."
