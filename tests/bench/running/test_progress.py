"""What a terminal shows, and that a pipe shows nothing."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from bench.records.case import Case
from bench.records.measurement import Measurement
from bench.running.progress import Progress

CASE = Case(model="rexnet_1.0", resolution=224, batch=1, backend="compile", threads=2)


@pytest.fixture
def screen():
    return Console(file=io.StringIO(), force_terminal=True, width=120, color_system=None)


@pytest.fixture
def draw(screen):
    """What is on the screen after a display of so many cases has been given steps, and cases that are done."""

    def run(count, *events, expected_s=None):
        display = Progress(screen)
        display.begin(count, expected_s)
        for event in events:
            display.step(CASE, event) if isinstance(event, str) else display.done(event)
        display.end()
        return screen.file.getvalue()

    return run


def test_a_pipe_gets_nothing(capfd):
    with Progress() as display:
        display.begin(1)
        display.step(CASE, "build")
        display.done(Measurement(case=CASE, status="failed", reason="the worker died"))
        display("layers", 1, 2)
        display.log("preparing")
    assert capfd.readouterr() == ("", "")


def test_each_part_of_a_study_has_its_count_and_time_left(screen):
    with Progress(screen) as display:
        display("layers", 0, 3)
        display("images", 1, 2)
        display.log("reading what is stored")
    drawn = screen.file.getvalue()
    assert all(text in drawn for text in ("layers", "0/3", "images", "1/2", "about 0 min 0 s left", "reading what is"))


def test_a_terminal_shows_case_phase_and_count(draw):
    drawn = draw(8, "warm up")
    assert all(text in drawn for text in ("rexnet_1.0-224-b1-compile", "warm up", "0/8"))


def test_the_time_left_follows_from_the_finished_cases_or_from_the_expected_time(draw):
    drawn = draw(4, "build", Measurement(case=CASE, status="ok"), "build")
    assert "1/4" in drawn
    assert "about 0 min 0 s left" in drawn
    assert "about 59 min" in draw(8, "build", expected_s=3599.9)


def test_a_failure_is_shown_at_once_and_stays(draw):
    drawn = draw(1, "build", Measurement(case=CASE, status="failed", reason="the worker died: [exit] code 1"))
    assert "rexnet_1.0-224-b1-compile: failed: the worker died: [exit] code 1" in drawn


def test_turns_are_drawn_once_so_that_drawing_takes_no_core_from_them(screen):
    display = Progress(screen)
    display.begin(1)
    display.step(CASE, "sample")
    before = len(screen.file.getvalue())
    for _ in range(100):
        display.step(CASE, "sample")
    assert len(screen.file.getvalue()) == before
    display.end()
