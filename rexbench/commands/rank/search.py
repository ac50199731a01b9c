"""The search for the setting that is nearest to the paper's figure."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.json_values import render_json
from analysis.rank.layers.task import SearchTask
from bench.machine.environment import read_thread_budget
from bench.planning.option_fields import add_fields, read_fields
from bench.running.progress import Progress
from rexbench.output import answer, check_target, write_text
from rexnet_core.exit_codes import ExitCode

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the search."""
    add_fields(parser.add_argument, SearchTask)
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the answer to this file, too")


def run(args: argparse.Namespace) -> int:
    """Search for the setting of the layer study that is nearest to the paper's figure; the answer is a JSON document.

    The best of many settings looks nearer than it is. It is therefore measured again on fresh networks, and the answer
    gives the number of settings tried. `rexbench rank layers --protocol closest` uses the setting from this search.
    """
    task = SearchTask(**{"workers": read_thread_budget(), **read_fields(args, SearchTask)})
    check_target("--out", args.out)
    from analysis.rank.layers.commands import run_search  # noqa: PLC0415 - torch, after the checks

    with Progress() as bars:
        text = render_json(run_search(**asdict(task), progress=bars))
    try:
        if args.out:
            write_text(args.out, text + "\n")
    finally:
        answer(text + "\n")
    return ExitCode.DONE
