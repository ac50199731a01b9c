"""How far a run is: a live display on a terminal, nothing on a pipe. Always on standard error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

if TYPE_CHECKING:
    from typing import Self

    from rich.progress import TaskID

    from bench.records.case import Case
    from bench.records.measurement import Measurement


class Progress(Protocol):
    """What a session tells while it runs."""

    def begin(self, cases: int, expected_s: float | None = None) -> None:
        """The run starts, with that many cases, and is expected to take so long [s], if that is known."""

    def step(self, case: Case, what: str) -> None:
        """`case` is in the phase named `what`."""

    def done(self, measurement: Measurement) -> None:
        """A case has its row."""

    def end(self) -> None:
        """The run is over."""


class Silent:
    """Shows nothing."""

    def begin(self, cases: int, expected_s: float | None = None) -> None:
        """Nothing."""

    def step(self, case: Case, what: str) -> None:
        """Nothing."""

    def done(self, measurement: Measurement) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""


class Terminal:
    """A bar with the case, its phase, the count and the time left; it leaves the screen between matches."""

    def __init__(self, console: Console | None = None) -> None:
        """A bar on `console`, by default standard error."""
        self._bar = Bar(
            TextColumn("{task.fields[case]}", style="bold"),
            TextColumn("{task.fields[what]}", style="dim"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console or Console(stderr=True),
            transient=True,
            # Drawing competes with the workers for a core: it happens at each step, and never while samples are taken.
            auto_refresh=False,
        )
        self._task: TaskID | None = None
        self._what = ""
        self._expected_s: float | None = None

    def begin(self, cases: int, expected_s: float | None = None) -> None:
        """Take the number of cases, and the time they are expected to take [s]."""
        self._expected_s = expected_s
        self._task = self._bar.add_task("run", total=cases, case="", what="starting", left="")

    def step(self, case: Case, what: str) -> None:
        """Show the case and its phase."""
        assert self._task is not None, "a display is begun before it is told of steps"
        if what == self._what == "sample":
            return
        self._what = what
        self._bar.start()
        name, phase = ("all side by side", "sample in turns") if what == "sample" else (case.id, what)
        self._bar.update(self._task, case=name, what=phase, left=self._estimate(), refresh=True)

    def _estimate(self) -> str:
        """Time left of what was expected, else if the cases to come take as long as those done.

        With a budget all cases are done together, at its end.
        """
        [task] = self._bar.tasks
        if self._expected_s is not None and task.elapsed is not None:
            return _left(max(0.0, self._expected_s - task.elapsed))
        if not task.completed or task.elapsed is None or task.total is None:
            return ""
        return _left(task.elapsed * (task.total - task.completed) / task.completed)

    def done(self, measurement: Measurement) -> None:
        """Move the bar, and leave the screen to others; say at once what went wrong."""
        assert self._task is not None, "a display is begun before it is told of rows"
        self._bar.advance(self._task)
        self._bar.stop()
        self._what = ""
        if measurement.status != "ok":
            self._bar.console.print(f"{measurement.case.id}: {measurement.status}: {measurement.reason}", markup=False)

    def end(self) -> None:
        """Take the bar down."""
        self._bar.stop()


def _left(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"about {minutes} min {rest} s left"


def make_progress() -> Progress:
    """The display that suits standard error."""
    return Terminal() if sys.stderr.isatty() else Silent()


class StudyBars:
    """A bar for each part of a study, with the time it took and the time it still takes; a context."""

    def __init__(self, console: Console | None = None) -> None:
        """Bars on `console`, by default standard error; nothing is drawn where that is no terminal.

        Args:
            console: Where to draw.
        """
        self._bar = Bar(
            TextColumn("{task.description}", style="bold"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=console or Console(stderr=True),
            transient=True,
            refresh_per_second=2,
        )
        self._tasks: dict[str, TaskID] = {}
        self._said: TaskID | None = None
        self._shown = self._bar.console.is_terminal

    def __enter__(self) -> Self:
        """Take the screen."""
        if self._shown:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave it to others."""
        if self._shown:
            self._bar.stop()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Move the bar of a part.

        Args:
            what: The part.
            done: Steps done.
            total: All its steps.
        """
        if what not in self._tasks:
            self._tasks[what] = self._bar.add_task(what, total=total)
        self._bar.update(self._tasks[what], completed=done, total=total)

    def say(self, what: str) -> None:
        """Tell in a few words what is being done, where nothing can be counted."""
        if self._said is None:
            self._said = self._bar.add_task(what, total=None)
        self._bar.update(self._said, description=what)
