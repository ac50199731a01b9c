"""The front door: exit codes, one line per error, and answers that other programs can read."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from bench.planning.plan import Plan
from bench.records.case import Case
from bench.records.measurement import Measurement
from bench.records.run import RunInfo
from bench.records.settings import Settings
from bench.running.resume import describe_plan
from bench.store.store import Store
from rexbench.commands import find_commands
from rexbench.neighbours import NEIGHBOURS, describe_shadow

ROOT = Path(__file__).parents[2]


def test_a_report_folder_that_cannot_be_made_is_found_before_measuring(call, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = call("run", "--out", str(tmp_path / "file" / "report"))
    assert code == 2
    assert "the report needs a folder it can write to" in err
    assert Store(f"sqlite:///{tmp_path}/results/rexbench.db").runs() == []


def test_complexity_answers_with_the_keys_others_rely_on(call):
    code, out, _ = call("complexity", "rexnet_1.0", "--per-layer", "--json")
    document = json.loads(out)
    assert code == 0
    assert {"model", "resolution", "params", "params_folded", "macs", "layers"} <= set(document)
    assert {"layer", "kind", "params", "macs", "out_shape"} <= set(document["layers"][0])
    assert (document["macs"], document["params"]) == (398_370_392, 4_796_873)
    assert sum(layer["macs"] for layer in document["layers"]) == document["macs"]


def test_traced_complexity_is_the_same_document(call):
    words = ["complexity", "rexnet_1.0", "--resolution", "96", "--per-layer", "--json"]
    counted = call(*words).document
    traced = call(*words, "--trace").document
    assert {**counted, "uncounted": None} == {**traced, "uncounted": None}


def test_complexity_as_csv_has_one_row_a_layer(call):
    _, out, _ = call("complexity", "rexnet_1.0", "--per-layer", "--csv", "-")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert sum(int(row["macs"]) for row in rows) == 398_370_392


def test_csv_without_a_file_goes_to_standard_output(call):
    words = ["complexity", "rexnet_1.0", "--csv"]
    assert call(*words) == call(*words, "-")


def test_models_lists_every_family_with_cost_and_source(call):
    code, out, _ = call("models", "--json")
    rows = {row["model"]: row for row in json.loads(out)}
    assert code == 0
    assert {"rexnet_1.0", "rexnetr_1.3", "rexnet_lite_1.5", "rexnet_plain", "regnetx_3.2gf", "mobilenet_v2_1.0"} <= set(
        rows
    )
    assert rows["rexnet_1.0"]["macs_at_224"] == 398_370_392
    assert rows["rexnet_1.0"]["published_top1_percent"] == 77.9
    assert all(row["source"] for row in rows.values())


@pytest.mark.parametrize("command", ["models", "complexity", "run", "report", "doctor"])
def test_help_says_what_a_command_answers(call, command):
    answer = call(command, "--help")
    assert answer.code == 0
    assert len(answer.out.splitlines()) > 5


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion_knows_the_commands_and_options(call, shell):
    script = call("--print-completion", shell).out
    assert "complexity" in script
    assert "batch-sizes" in script
    assert "weight-law" in script


def test_a_command_is_a_file_with_a_summary_and_only_the_called_one_is_imported():
    commands = find_commands("rexbench.commands")
    assert {"models", "run", "rank", "suites"} < set(commands)
    assert set(find_commands("rexbench.commands.rank")) == {"layers", "network", "search", "trained"}
    assert commands["report"] == "Rebuild a report from the store, without measuring"
    code = "import sys; from rexbench.cli import main; main(['doctor', '--json']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {name for name in done.stderr.split() if name.startswith("rexbench.commands.")} == {
        "rexbench.commands.doctor"
    }


def start_python(*words, folder, path):
    """What Python answers in a folder, with modules from a path."""
    environment = {**os.environ, "PYTHONPATH": str(path)}
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("package", NEIGHBOURS)
def test_a_foreign_module_in_the_place_of_a_package_of_ours_is_named(tmp_path, package):
    foreign = tmp_path / f"{package}.py"
    foreign.write_text("")
    done = start_python("-m", "rexbench", "models", folder=tmp_path, path=ROOT)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"rexbench: `{package}` must be the package {ROOT / package}, but Python finds {foreign}; "
        "call rexbench from another folder, or rename that module\n"
    )


@pytest.mark.parametrize("kind", ["module on the path", "package on the path", "package in the folder"])
def test_a_foreign_module_is_named_wherever_it_is_and_for_callers_from_python_too(tmp_path, kind):
    foreign = tmp_path / ("analysis.py" if kind.startswith("module") else "analysis/__init__.py")
    foreign.parent.mkdir(exist_ok=True)
    foreign.write_text("")
    path = ROOT if kind.endswith("folder") else os.pathsep.join((str(tmp_path), str(ROOT)))
    done = start_python(
        "-c", "from rexbench import count", folder=tmp_path if kind.endswith("folder") else ROOT.parent, path=path
    )
    assert (
        f"ImportError: `analysis` must be the package {ROOT / 'analysis'}, but Python finds {foreign};" in done.stderr
    )


def test_a_folder_of_the_same_name_without_modules_is_not_in_the_way(tmp_path):
    for name in NEIGHBOURS:
        (tmp_path / name).mkdir()
    done = start_python("-m", "rexbench", "--version", folder=tmp_path, path=ROOT)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (lambda root: (root / "bench/__init__.py").write_text("x = 1"), "another package of that name has replaced"),
        (lambda root: (root / "bench/machine/environment.py").unlink(), "`bench.machine.environment` must come with"),
        (lambda root: (root / "reports/__init__.py").unlink(), "`reports` must be the package"),
    ],
)
def test_what_another_package_has_replaced_or_taken_along_is_named(tmp_path, spoil, line):
    for name in ("rexbench", *NEIGHBOURS):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    spoil(tmp_path)
    done = start_python("-m", "rexbench", "models", folder=tmp_path, path=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert line in done.stderr


def test_a_system_without_the_modules_of_unix_is_one_line(call, monkeypatch):
    monkeypatch.setattr("rexbench.cli.sys.platform", "win32")
    monkeypatch.delitem(sys.modules, "bench.workers.parent_watch", raising=False)
    monkeypatch.setitem(sys.modules, "fcntl", None)

    monkeypatch.setattr("rexbench.commands.models.run", lambda _: import_module("bench.workers.parent_watch"))
    answer = call("models")
    assert answer.code == 2
    assert answer.err.splitlines()[1:] == [
        "rexbench: Linux or macOS is needed here: Python has no `fcntl` on this system"
    ]


def test_a_package_of_ours_that_is_missing_is_named(tmp_path):
    assert "but Python finds" in describe_shadow(tmp_path)
    assert describe_shadow() == ""


def test_a_system_on_which_nothing_was_tested_is_named_in_one_line(call, monkeypatch):
    monkeypatch.setattr("rexbench.cli.sys.platform", "plan9")
    answer = call("--version")
    assert answer.code == 0
    assert answer.err == "rexbench: not tested on plan9; Linux and macOS are supported\n"


def test_a_call_that_is_refused_leaves_no_store(call, tmp_path):
    assert call("run", "--force")[0] == 2
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def store(tmp_path):
    store = Store(f"sqlite:///{tmp_path}/results/rexbench.db")
    yield store
    store.close()


def test_a_run_that_was_ended_before_it_stored_anything_is_not_the_latest_and_has_no_report(call, store):
    store.save_run(RunInfo(id="20260101T000000-aaaa", started_at="2026-01-01T00:00:00+00:00", preset="selftest"))
    code, out, err = call("report")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "holds no run of this kind yet" in err
    code, out, err = call("report", "--run", "aaaa")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "run 20260101T000000-aaaa (selftest) ended before it stored anything" in err


@pytest.fixture
def planned(store):
    """A run of one case that failed, which is whole."""
    case = Case(model="rexnet_0.5", resolution=32, batch=1, backend="eager")
    info = RunInfo(id="20260101T000000-aaaa", started_at="2026-01-01T00:00:00+00:00", preset="quick", planned=1)
    store.save_run(replace(info, status="done", settings=Settings().as_dict()))
    store.save_plan(info.id, describe_plan(Plan(cases=(case,), settings=Settings())))
    store.save_measurement(info.id, Measurement(case=case, status="failed", reason="it broke"))
    return info


@pytest.mark.usefixtures("planned")
def test_a_whole_run_that_is_gone_on_with_has_the_exit_code_of_its_cases(call):
    code, _, err = call("run", "--resume", "latest")
    assert code == 1
    assert "run 20260101T000000-aaaa is complete: all 1 cases are stored, nothing was measured" in err


def test_a_run_that_is_stopped_before_it_begins_is_one_line(call, monkeypatch, tmp_path):
    def stop():
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.running.session.read_environment", stop)
    code, out, err = call("run", "--models", "rexnet_0.5", "--batch-sizes", "1")
    assert (code, out, err) == (1, "", "rexbench: stopped before it began\n")
    assert Store(f"sqlite:///{tmp_path}/results/rexbench.db").runs() == []
