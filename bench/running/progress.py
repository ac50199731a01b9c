"""How far a run or a study is: a live display on a terminal, nothing on a pipe. Always on standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from rexnet_core.printable import make_message

if TYPE_CHECKING:
    from typing import Self

    from rich.progress import Task

    from bench.records.case import Case
    from bench.records.measurement import Measurement

_RUN = "run"


class Progress:
    """Bars with a count and the time left: one for the cases of a run, or one for each part of a study; a context."""

    def __init__(self, console: Console | None = None) -> None:
        """A display that shows nothing yet, on standard error by default; where that is no terminal, it never does."""
        console = console or Console(stderr=True)
        self._bars = Bars(
            TextColumn("{task.description}", style="bold", markup=False),
            TextColumn("{task.fields[phase]}", style="dim", markup=False),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            transient=True,
            # Drawing competes with the workers for a core: it happens at each step, and never while samples are taken.
            auto_refresh=False,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, Task] = {}
        self._phase = ""
        self._expected_s: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def begin(self, cases: int, expected_s: float | None = None) -> None:
        """A run starts; the time it should take [s] is None where that is not known."""
        self._expected_s = expected_s
        self._add(_RUN, cases)

    def step(self, case: Case, phase: str) -> None:
        """`case` is in this phase; in ``sample`` all cases of its group take turns, which is drawn once."""
        if phase == self._phase == "sample":
            return
        self._phase = phase
        name, phase = ("all side by side", "sample in turns") if phase == "sample" else (case.id, phase)
        self._draw(self._tasks[_RUN], description=name, phase=phase)

    def done(self, measurement: Measurement) -> None:
        """A case has its row: the display leaves the screen to others, and what went wrong is printed at once."""
        self._bars.advance(self._tasks[_RUN].id)
        self._bars.stop()
        self._phase = ""
        if measurement.status != "ok" and not self._bars.disable:
            line = make_message(f"{measurement.case.id}: {measurement.status}: {measurement.reason}")
            self._bars.console.print(line, markup=False)

    def __call__(self, part: str, done: int, total: int) -> None:
        """A part of a study has made so many of all its steps."""
        task = self._tasks.get(part) or self._add(part, total)
        self._draw(task, completed=done, total=total)

    def log(self, message: str) -> None:
        """What is being done, in a few words, where nothing can be counted."""
        self._draw(self._tasks.get("") or self._add("", None), description=make_message(message))

    def end(self) -> None:
        """Take the display down."""
        self._bars.stop()

    def _add(self, part: str, total: int | None) -> Task:
        number = self._bars.add_task(make_message(part), total=total, phase="", left="")
        self._tasks[part] = next(task for task in self._bars.tasks if task.id == number)
        return self._tasks[part]

    def _draw(self, task: Task, **changes: object) -> None:
        self._bars.start()
        self._bars.update(task.id, **changes)  # type: ignore[arg-type] # any field of the bar
        self._bars.update(task.id, left=self._estimate_left(task), refresh=True)

    def _estimate_left(self, task: Task) -> str:
        """Time left of what was expected, else if the steps to come take as long as those done.

        With a budget all cases are done together, at its end.
        """
        if task.elapsed is None:
            return ""
        if self._expected_s is not None:
            left_s = max(0.0, self._expected_s - task.elapsed)
        elif task.completed and task.total is not None:
            left_s = task.elapsed * (task.total - task.completed) / task.completed
        else:
            return ""
        minutes, seconds = divmod(int(left_s), 60)
        return f"about {minutes} min {seconds} s left"
