"""The rank commands of the command line: each runs a study, stores its document and writes its report."""

from __future__ import annotations

import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rexbench.output import DONE, FAILED, add_output, give_answer, out_folder

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from analysis.study import Study
    from bench.running.progress import StudyBars


def _add_layers(parser: argparse.ArgumentParser) -> None:
    from analysis.rank.layers.options import add_options  # noqa: PLC0415

    add_options(parser.add_argument)
    _add_study_output(parser)


def _layers(args: argparse.Namespace) -> int:
    """Measure rank(f(WX)) / d_out of random layers and blocks, against d_in / d_out, and test the paper's claims.

    One random network stands for all activations, so that differences between them are paired. The result is laid over
    the paper's figure 1, and each claim is judged by a stated rule under each protocol.
    """
    from analysis.rank.layers.commands import run_layers_task  # noqa: PLC0415
    from analysis.rank.layers.options import read_task  # noqa: PLC0415
    from bench.machine.environment import read_thread_budget  # noqa: PLC0415

    task = read_task(lambda name: getattr(args, name), read_thread_budget())
    return _study(args, "layers", task.as_dict(), lambda progress: run_layers_task(task, progress))


def _add_network(parser: argparse.ArgumentParser) -> None:
    from analysis.rank.network.setting import add_options  # noqa: PLC0415

    add_options(parser.add_argument)
    _add_study_output(parser)


def _network(args: argparse.Namespace) -> int:
    """Measure the rank of layer outputs of whole networks on images, block by block, beside what algebra allows.

    Any torch module can be probed from Python: see `analysis.rank.probe`.
    """
    from analysis.rank.network.setting import read_setting  # noqa: PLC0415
    from analysis.rank.network.study import check_taps, run_network  # noqa: PLC0415
    from bench.layer_profile import time_layers  # noqa: PLC0415

    setting = read_setting(lambda name: getattr(args, name))
    check_taps(setting)
    plain = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(setting).items()}
    return _study(args, "network", plain, lambda bars: run_network(setting, bars.say, time_layers))


def _add_trained(parser: argparse.ArgumentParser) -> None:
    from analysis.rank.trained.options import add_options  # noqa: PLC0415

    add_options(parser.add_argument)
    _add_study_output(parser)


def _trained(args: argparse.Namespace) -> int:
    """Train the paper's small networks on scikit-learn's digits, and compare accuracy and nuclear norm, paired by seed.

    What is trained is kept in the output folder at once: the same call goes on where an interrupted one stopped.
    """
    from analysis.rank.trained.options import read_setting  # noqa: PLC0415
    from analysis.rank.trained.study import run_trained  # noqa: PLC0415

    setting = read_setting(lambda name: getattr(args, name))
    folder = args.out or Path("results") / "rank-trained"
    args.out = folder
    return _study(
        args, "trained", setting.as_dict(), lambda progress: run_trained(setting, partial(progress, "training"), folder)
    )


def _add_search(parser: argparse.ArgumentParser) -> None:
    from analysis.rank.layers.options import add_search_options  # noqa: PLC0415

    add_search_options(parser.add_argument)
    parser.add_argument("--out", type=Path, metavar="FILE", help="write what was found to this file, too")


def _search(args: argparse.Namespace) -> int:
    """Search for the setting of the layer study that is nearest to the paper's figure; one JSON document comes back.

    The best of many settings looks nearer than it is: it is measured again on fresh networks, and the number of
    settings tried is part of the answer. `rexbench rank layers --protocol closest` uses what this found.
    """
    from analysis.json_values import render_json  # noqa: PLC0415
    from analysis.rank.layers.commands import run_search  # noqa: PLC0415
    from analysis.rank.layers.options import read_search  # noqa: PLC0415
    from bench.machine.environment import read_thread_budget  # noqa: PLC0415
    from bench.running.progress import StudyBars  # noqa: PLC0415
    from rexbench.output import write_text  # noqa: PLC0415

    asked = read_search(lambda name: getattr(args, name), read_thread_budget())
    if args.out:
        write_text(args.out, "")  # a file that can't be written is found before the search, not after
    with StudyBars() as bars:
        text = render_json(run_search(**asked, progress=bars))
    print(text)
    if args.out:
        write_text(args.out, text + "\n")
    return DONE


def _add_study_output(parser: argparse.ArgumentParser) -> None:
    from bench.options import STORE  # noqa: PLC0415

    flag, keywords = STORE
    parser.add_argument(flag, **keywords)
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the report (results/RUN)")
    add_output(parser)


def _study(
    args: argparse.Namespace,
    kind: str,
    setting: dict[str, Any],
    run: Callable[[StudyBars], Study],
) -> int:
    """Run a study, store its document, write its report; 1 where it was stopped before its end."""
    from bench.running.progress import StudyBars  # noqa: PLC0415
    from bench.store.store import Store  # noqa: PLC0415
    from bench.store.studies import record_study  # noqa: PLC0415
    from reports.files.writable import check_writable  # noqa: PLC0415

    store = Store(args.store)
    check_writable(args.out or Path("results"))
    with record_study(store, f"rank {kind}", setting) as record, StudyBars() as bars:
        study = run(bars)
        record.keep(study)
    publish_study(args, study, record.run.id)
    if study.stopped:
        print("rexbench: stopped; finished parts are kept", file=sys.stderr)
        return FAILED
    return DONE


def publish_study(args: argparse.Namespace, study: Study, run: str) -> None:
    """Write the report of a rank study, and answer with the study."""
    from reports.report import build_frames, find_report, write_report  # noqa: PLC0415

    path = write_report(study.kind, study, out_folder(args.out, run), run=run)
    frame = next(iter(build_frames(study.kind, study).values()))
    answer = {"run": run, "report": str(path), **study.as_answer()}
    give_answer(args, answer, frame, text=lambda: find_report(study.kind).text(study))
    print(f"{'' if args.json else 'report: '}{path}", file=sys.stderr if args.json or args.csv == "-" else sys.stdout)


#: Name of a study to its summary, its options and what runs it.
STUDIES: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None], Callable[[argparse.Namespace], int]]] = {
    "layers": ("random layers and blocks: the paper's figure 1 and its claims, tested", _add_layers, _layers),
    "network": ("every block of whole networks, on images", _add_network, _network),
    "trained": ("small networks trained from scratch: the paper's table 2", _add_trained, _trained),
    "search": ("the search for the setting that is nearest to the paper's figure", _add_search, _search),
}
