"""Export a model with its preprocessing inside, verified, with a card and a check of its own."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from analysis.json_values import render_json
from bench.exporting.latency import NOT_MEASURED, describe_latency
from bench.exporting.pictures import COUNT
from bench.exporting.run import run_export
from bench.exporting.setting import ExportSetting, make_setting
from bench.machine.environment import read_thread_budget
from bench.options import add_config, add_store
from bench.planning.calibration import read_calibration
from bench.planning.option_fields import add_fields, read_fields
from bench.planning.plan import Selection
from bench.running.progress import Progress
from bench.store.store import Store
from reports.model_card import render_card
from rexbench.classifiers import add_classifier, read_classifier
from rexbench.output import add_output, answer, log
from rexbench.streams import divert_stdout
from rexnet_core.exit_codes import ExitCode

if TYPE_CHECKING:
    import argparse

#: ``--batch`` says how many pictures the artefact takes.
_LEFT_OUT = frozenset({"batch_size"})


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    add_classifier(parser, leave_out=_LEFT_OUT)
    add_fields(parser.add_argument, ExportSetting)
    add_fields(parser.add_argument, Selection, leave_out={spec.name for spec in fields(Selection)} - {"calibration"})
    parser.add_argument("--run", metavar="ID", help="the stored run whose latency the card has (none)")
    add_store(parser.add_argument)
    add_config(parser.add_argument)
    add_output(parser, csv=False)


def run(args: argparse.Namespace) -> int:
    """Write a model as an artefact that runs without rexbench: its preprocessing is inside, and pictures go in.

    The folder holds the model, card.json with every fact and the digest of every file, the same as README.md, names of
    the classes, and verify.py, which needs the runtime alone. The outputs are compared with those of the original in
    fp32 before anything is placed: a folder that is there was verified.
    """
    asked = read_classifier(args, read_thread_budget(), need="an export")
    classifier = replace(asked, batch_size=COUNT)
    setting = make_setting(classifier, read_fields(args, ExportSetting))
    calibration = read_calibration(args.calibration, (setting.precision,))
    latency = NOT_MEASURED
    if args.run is not None:
        with Store(args.store, create=False) as store:
            latency = describe_latency(store, args.run, setting)
    with Progress() as bars, divert_stdout():
        card = run_export(setting, calibration=calibration, latency=latency, render=render_card, tell=bars.log)
    answer(render_json(card) + "\n" if args.json else _summarise(setting, card))
    if not card["licence"]:
        log("the licence of the weights is not known; name it with --licence")
    return ExitCode.DONE


def _summarise(setting: ExportSetting, card: dict[str, Any]) -> str:
    """The answer as text."""
    taken, given, check = card["input"]["converted"], card["output"]["converted"], card["check"]
    shapes = ("x".join(map(str, told["shape"])) for told in (taken, given))
    lines = (
        f"{card['model']} as {card['format']} in {card['precision']}, in {setting.out}",
        "input   {name}: {shape} {layout} {type}, {channel_order}, 0 to 255".format(**{**taken, "shape": next(shapes)}),
        "output  {name}: {shape} {kind}".format(**{**given, "shape": next(shapes)}),
        f"steps   {card['preprocessing']['words']}; {card['preprocessing']['of']}",
        f"agrees  on {check['pictures']} pictures: cosine {check['cosine']:.6f}, error {check['error']:.2g}",
    )
    return "\n".join(lines) + "\n"
