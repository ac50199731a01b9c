"""List what on this machine distorts the numbers, with remedies."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from analysis.json_values import render_json
from bench.doctor import examine
from rexbench.output import add_output, answer
from rexnet_core.exit_codes import ExitCode

if TYPE_CHECKING:
    import argparse

    from bench.backends.info import Finding


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    add_output(parser, csv=False)


def run(args: argparse.Namespace) -> int:
    """Check threads, CPU quota, compiler, backends, default precision, load, frequency, and free memory and disk space.

    Each finding comes with its remedy. Nothing is changed.
    """
    findings = examine()
    if args.json:
        answer(render_json([asdict(finding) for finding in findings]) + "\n")
    else:
        answer("".join(map(_render, findings)))
    return ExitCode.FAILED if any(finding.level == "fail" for finding in findings) else ExitCode.DONE


def _render(finding: Finding) -> str:
    line = f"{finding.level:4}  {finding.check:10} {finding.found}\n"
    return line + (f"{'':16} -> {finding.remedy}\n" if finding.remedy else "")
