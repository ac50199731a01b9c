from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from reports.drawing.figure import draw
from reports.page.sections import Section
from reports.page.tables import render_table
from reports.run import frames as run_frames
from reports.run import tables
from reports.run.conditions import describe_conditions, footnote
from reports.run.figures import list_figures
from reports.run.page import render_run_page
from reports.run.text import render_cases

if TYPE_CHECKING:
    from reports.run.data import RunData


def render(run: RunData) -> str:
    frames = run_frames.all_frames(run)
    return render_run_page(run, frames, draw(list_figures(frames, "conditions")))


@pytest.fixture(scope="module")
def page(run: RunData) -> str:
    return render(run)


def test_the_page_stays_light(page: str) -> None:
    assert len(page) < 6e6


def test_the_table_library_is_embedded_once(page: str) -> None:
    assert page.count("injectModule(") == 2  # its definition and its call
    blobs = re.findall(r"injectModule\(\"([A-Za-z0-9+/=]+)\"\)", page)
    assert len(b64decode(blobs[0])) > 100_000


def test_every_status_and_reason_is_shown(page: str) -> None:
    for text in ("unavailable", "unsupported", "mismatch", "killed by signal 9", "this processor has no bfloat16"):
        assert text in page


def test_a_deprecated_backend_is_marked_in_page_and_text_and_keeps_its_name_in_files(run: RunData, page: str) -> None:
    assert "torchscript (deprecated)" in page
    assert "eager (deprecated)" not in page
    assert set(run_frames.frame_of(run, "cases")["backend"]) >= {"torchscript"}
    lines = render_cases(run.result.cases).splitlines()
    marked = [line for line in lines if line.endswith("  deprecated")]
    assert marked
    assert all(" torchscript" in line for line in marked)
    [advice] = [line for line in lines if line.startswith("torchscript: deprecated since torch 2.11")]
    assert advice.endswith("new deployments had better use aoti")


def test_hostile_text_stays_text(page: str) -> None:
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 2  # the reason, and the library


def test_hostile_text_in_every_field_stays_text(run: RunData) -> None:
    evil = "\"'></td></script><script>alert(1)</script>"
    info = replace(
        run.info,
        id=evil,
        preset=evil,
        status=evil,
        environment={"cpu": {"model": evil, evil: evil}},
        settings={evil: evil},
    )
    cases = tuple(
        replace(
            measurement,
            case=replace(measurement.case, model=evil, backend=evil),
            reason=evil,
            notes=(evil,),
            stop_reason=evil,
            effective=replace(measurement.effective, precision=evil),
        )
        for measurement in run.measurements[:2]
    )
    cost = {
        **run.costs[0],
        "model": evil,
        "layers": [{"layer": evil, "kind": evil, "params": 1, "macs": 1, "out_shape": evil}],
    }
    page = render(replace(run, info=info, measurements=cases, costs=(cost,)))
    assert "<script>alert" not in page
    assert "</td></script>" not in page


def test_an_empty_run_says_that_nothing_was_measured(empty_run: RunData) -> None:
    page = render(empty_run)
    assert "Nothing was measured in this run" in page
    assert "20 cases were planned" in page
    assert "Left out: Latency against batch size, because no latency was measured" in page


def test_a_run_without_comparable_cases_says_so(run: RunData) -> None:
    wrong = tuple(replace(measurement, status="mismatch", reason="wrong") for measurement in run.measurements[:2])
    assert "No case can be compared" in render(replace(run, measurements=wrong))


def test_an_unfinished_run_says_how_far_it_came(run: RunData) -> None:
    page = render(replace(run, measurements=run.measurements[:3]))
    assert "20 cases were planned; 3 have a result" in page


def test_conditions_say_what_could_not_be_read(run: RunData) -> None:
    conditions = dict(describe_conditions(run.info, run_frames.frame_of(run, "cases")))
    assert conditions["frequency governor"] == "can't be read"
    assert conditions["git commit"] == "1bc2d53a0d5f, with changes not committed"
    assert conditions["instruction sets"] == "avx2, avx512f, avx512_bf16"
    assert conditions["worst round"] == "CPU pressure 8.5 %, 0 throttled periods"


def test_conditions_survive_an_empty_environment(run: RunData, empty_run: RunData) -> None:
    conditions = dict(describe_conditions(replace(run.info, environment={}), run_frames.frame_of(empty_run, "cases")))
    assert conditions["processor"] == "not known"
    assert conditions["git commit"] == "not in a checkout"


def test_the_footnote_names_processor_threads_and_run(run: RunData) -> None:
    text = footnote(run.info, run_frames.frame_of(run, "cases"))
    assert text == "AMD EPYC 9R14; 2 threads; fp32 and contiguous unless named; run 20261121T081530-4f2a"


def test_requested_settings_stand_beside_effective_ones(run: RunData) -> None:
    measurement = run.measurements[0]
    silent = replace(measurement, effective=replace(measurement.effective, precision="bf16", threads=None))
    view = tables.view_effective(run_frames.frame_of(replace(run, measurements=(silent,)), "cases"))
    assert view["precision (requested / effective)"].tolist() == ["fp32 / bf16"]
    assert view["threads (requested / effective)"].tolist() == ["2 / not reported"]


def test_model_pairs_have_a_table_where_there_are_some(run: RunData, page: str) -> None:
    assert '<section id="model_pairs">' in page
    view = tables.view_model_pairs(run_frames.frame_of(run, "model_pairs"))
    eager = view[(view["backend"] == "eager") & (view["batch"] == 1)].iloc[0]
    assert (eager["input [px]"], eager["paper's machine"]) == ("224 / 224", "Xeon E5-2630 v4, batch 1")
    lonely = replace(run, info=replace(run.info, settings={}))
    assert "#model_pairs" not in render(lonely)


def test_the_settings_name_the_model_pairs_in_words(run: RunData) -> None:
    conditions = dict(describe_conditions(run.info, run_frames.frame_of(run, "cases")))
    assert conditions["measuring settings"] == "rounds 6, target 0.02, model pairs rexnet_1.0 / rexnet_2.0"


def test_settings_that_all_cases_share_are_said_once(run: RunData) -> None:
    cases = run_frames.frame_of(run, "cases")
    assert tables.shared_settings(cases) == "resolution 224 px, threads 2, device cpu"
    alone = cases[cases["scenario"] == "latency"]
    assert tables.shared_settings(alone) == "resolution 224 px, threads 2, device cpu, scenario latency"
    assert "threads" not in tables.view_cases(cases).columns
    assert "precision" in tables.view_cases(cases).columns


def test_streams_are_shown_where_they_were_asked_for(run: RunData) -> None:
    view = tables.view_cases(run_frames.frame_of(run, "cases"))
    assert set(view.loc[view["scenario"] == "latency", "streams"]) == {""}
    assert view.loc[view["scenario"] == "throughput", "streams"].tolist() == ["1", "2", "hint", "1", "2"]
    assert view.loc[view["scenario"] == "throughput", "under load [ms]"].gt(0).all()


def test_knees_are_a_section_with_their_rule(page: str) -> None:
    assert "Knees: where more at once stops paying" in page
    assert "the smallest size whose throughput is no more than 5% below the best" in page


def render_frame(frame: pd.DataFrame, **options: Any) -> str:
    return render_table(Section(name="t", heading="T", intro="", table=frame, **options))


def test_a_table_sorts_by_number_and_shows_few_digits() -> None:
    frame = pd.DataFrame({"x": [1234.5678, float("nan"), float("inf"), 0.5]})
    html = render_frame(frame, meanings={"x": "it's x"}, never=["x"])
    assert '<td data-order="1234.5678">1235</td>' in html
    assert '<td data-order=""></td>' in html
    assert '<td data-order="1.7e+308">never</td>' in html
    assert '<th title="it&#x27;s x">x</th>' in html


def test_an_infinite_number_is_never_in_a_break_even_alone(run: RunData) -> None:
    html = render_frame(pd.DataFrame({"error": [1e-5, float("inf"), float("nan")]}))
    assert re.findall(r"<td[^>]*>(.*?)</td>", html) == ["1.0e-05", "infinite", ""]
    frames = run_frames.all_frames(replace(run, measurements=run.measurements[:4]))
    page = render_run_page(run, {**frames, "phases": frames["phases"].assign(break_even_images=float("inf"))}, [])
    assert ">never</td>" in page


def test_a_long_table_is_whole() -> None:
    html = render_frame(pd.DataFrame({"x": range(5000), "text": ["a" * 90] * 5000}))
    assert html.count("<tr><td") == html.count("a" * 90) == 5000
    assert '<td data-order="4999">4999</td>' in html


def test_why_there_is_no_interval_is_said_once(run: RunData) -> None:
    short = tuple(replace(measurement, rounds=measurement.rounds[:1]) for measurement in run.measurements[:8])
    page = render(replace(run, measurements=short))
    assert page.count("No interval: 1 round is too few for an interval; use --rounds 3 or more.") == 1


def test_the_instruction_set_that_ran_stands_beside_that_of_the_processor(run: RunData) -> None:
    measurement = next(one for one in run.measurements if one.rounds)
    details = {"isa": "DEFAULT", "kernels": ["jit_dw:avx2"], "processor_isa": "AVX-512"}
    narrow = replace(measurement, effective=replace(measurement.effective, details=details))
    cases = run_frames.frame_of(replace(run, measurements=(narrow, replace(measurement))), "cases")
    assert cases["effective_isa"].tolist() == ["DEFAULT; kernels AVX2", ""]
    assert cases["processor_isa"].tolist() == ["AVX-512", ""]
    view = tables.view_effective(cases)
    assert view["instruction set (effective / processor)"].tolist() == [
        "DEFAULT; kernels AVX2 / AVX-512",
        "not reported / not reported",
    ]


def test_variables_that_were_set_are_among_the_conditions(run: RunData) -> None:
    system = {"kept_variables": {"LD_PRELOAD": "libjemalloc.so"}, "ignored_variables": ["ATEN_CPU_CAPABILITY"]}
    info = replace(run.info, environment={**run.info.environment, "system": system})
    conditions = dict(describe_conditions(info, run_frames.frame_of(run, "cases")))
    assert conditions["variables passed on"] == "LD_PRELOAD=libjemalloc.so"
    assert conditions["variables ignored"] == "ATEN_CPU_CAPABILITY"
    assert "variables ignored" not in dict(describe_conditions(run.info, run_frames.frame_of(run, "cases")))
