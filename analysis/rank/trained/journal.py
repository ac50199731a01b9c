"""The file that keeps finished runs, so that a study can be resumed. No torch here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from analysis.rank.trained.run import Run
from rexnet_core.errors import InputError
from rexnet_core.files import replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORMAT = 1
NAME = "runs.jsonl"


class Journal:
    """Finished runs of one recipe, in JSON lines: first what determines a training, then one line per run.

    The file is replaced as a whole at each run, so that it is never half written; a last line that was cut off
    elsewhere, in a copy say, is ignored. One process writes to a folder at a time.

    Args:
        folder: Where the file is or will be; None keeps the runs in memory alone.
        recipe: Plain values of what determines a training, versions included.

    Raises:
        InputError: The folder can't be used, or holds runs of another recipe.
    """

    def __init__(self, folder: Path | None, recipe: Mapping[str, Any]) -> None:
        self._path = None if folder is None else folder / NAME
        # As it will be read back: tuples are lists in JSON.
        self._head = {"format": FORMAT, "recipe": json.loads(json.dumps(dict(recipe)))}
        self.runs: dict[tuple[str, int], Run] = {}
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            text = self._path.read_text(encoding="utf-8") if self._path.exists() else ""
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"the runs in {self._path} can't be read ({error}); give another folder") from None
        self._read(text)

    def add(self, run: Run) -> None:
        """Keep a run, on disk before this returns.

        Raises:
            InputError: The file can't be written.
        """
        self.runs[run.key] = run
        if self._path is None:
            return
        entries = [self._head, *(one.as_dict() for one in self.runs.values())]
        text = "".join(json.dumps(entry, allow_nan=False) + "\n" for entry in entries)
        try:
            replace_file(self._path, text, sync=True)
        except OSError as error:
            raise InputError(f"runs must be kept in {self._path}, which can't be written ({error})") from None

    def _read(self, text: str) -> None:
        lines = text.split("\n")
        # What follows the last end of line was cut off, if it is anything at all.
        for number, line in enumerate(lines[:-1], start=1):
            try:
                entry = json.loads(line)
                if number > 1:
                    run = Run.from_dict(entry)
                    self.runs[run.key] = run
                    continue
                recipe = entry["recipe"] if entry["format"] == FORMAT else None
            except (ValueError, KeyError, TypeError, InputError):
                raise InputError(
                    f"{self._path} must hold runs of the trained check; line {number} is not a run; give another folder"
                ) from None
            self._check(recipe)

    def _check(self, recipe: Mapping[str, Any] | None) -> None:
        if recipe is None:
            raise InputError(f"{self._path} was written by another version of this check; give another folder")
        ours = self._head["recipe"]
        names = sorted(name for name in {*recipe, *ours} if recipe.get(name) != ours.get(name))
        if names:
            changes = ", ".join(f"{name} was {recipe.get(name)} and is {ours.get(name)}" for name in names)
            raise InputError(f"a folder holds runs of one setting; in {self._path} {changes}; give another folder")
