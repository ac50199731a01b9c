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


def shown(screen):
    return screen.file.getvalue()


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
    drawn = shown(screen)
    assert all(text in drawn for text in ("layers", "0/3", "images", "1/2", "about 0 min 0 s left", "reading what is"))


def test_a_terminal_shows_case_phase_and_count(screen):
    display = Progress(screen)
    display.begin(8)
    display.step(CASE, "warm up")
    display.end()
    assert "rexnet_1.0-224-b1-compile" in shown(screen)
    assert "warm up" in shown(screen)
    assert "0/8" in shown(screen)


def test_time_left_follows_from_the_cases_done(screen):
    display = Progress(screen)
    display.begin(4)
    display.step(CASE, "build")
    display.done(Measurement(case=CASE, status="ok"))
    display.step(CASE, "build")
    display.end()
    assert "1/4" in shown(screen)
    assert "about 0 min 0 s left" in shown(screen)


def test_turns_are_drawn_once_so_that_drawing_takes_no_core_from_them(screen):
    display = Progress(screen)
    display.begin(1)
    display.step(CASE, "sample")
    before = len(shown(screen))
    for _ in range(100):
        display.step(CASE, "sample")
    assert len(shown(screen)) == before
    display.end()


def test_what_went_wrong_is_said_at_once_and_stays(screen):
    display = Progress(screen)
    display.begin(1)
    display.step(CASE, "build")
    display.done(Measurement(case=CASE, status="failed", reason="the worker died: [exit] code 1"))
    display.end()
    assert "rexnet_1.0-224-b1-compile: failed: the worker died: [exit] code 1" in shown(screen)


def test_time_left_is_what_is_left_of_what_was_expected(screen):
    display = Progress(screen)
    display.begin(8, 3599.9)
    display.step(CASE, "build")
    display.end()
    assert "about 59 min" in shown(screen)
