"""rexbench compare at the front door: exit codes a workflow can act on, and answers in every form."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.case import Case
from bench.records import Measurement, Round, RunInfo
from bench.store import Store
from rexbench import main

ROOT = Path(__file__).parent.parent
CASES = [
    Case(model="rexnet_1.0", resolution=224, batch=1, backend=backend, threads=2) for backend in ("eager", "openvino")
]
TINY = ["--models", "mobilenet_v2_0.5", "--resolutions", "32", "--backends", "eager", "--threads", "1", "--rounds", "2"]
ENVIRONMENT = {"cpu": {"model": "EPYC", "logical": 2}, "libraries": {"torch": "2.13.0"}}


def run(capsys, *words):
    """Exit code, standard output and standard error of a call."""
    code = main(words)
    told = capsys.readouterr()
    return code, told.out, told.err


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """No test writes into the checkout, or waits for another run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REXBENCH_LOCK", str(tmp_path / "lock"))


@pytest.fixture
def save(tmp_path):
    """Store a run whose two cases take a known time, in rounds that differ a little."""
    store = Store(f"sqlite:///{tmp_path}/results/rexbench.db")

    def write(name, *factors, environment=ENVIRONMENT, spread=0.002):
        random = np.random.default_rng(len(name) + int(sum(factors) * 1e6))
        store.save_run(RunInfo(id=name, started_at=name, finished_at=name, environment=environment))
        for case, factor in zip(CASES, factors, strict=True):
            rounds = tuple(
                Round(
                    turns_s=(tuple(0.01 * factor * random.normal(1, spread) * random.normal(1, 1e-4, 9)),), phases_s={}
                )
                for _ in range(8)
            )
            store.save_measurement(name, Measurement(case=case, status="ok", rounds=rounds))

    return write


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "two stored runs are compared, 0 given; or let two builds take turns: --live --base REF"),
        (["latest"], "two stored runs are compared, 1 given"),
        (["--live"], "--live needs to know the base: --base REF, --base-wheel, --base-python or --base-set"),
        (["a", "b", "--live", "--base", "main"], "stored runs (a b) take no turns"),
        (["--base", "main", "--base-wheel", "w.whl"], "a side is one build, --base and --base-wheel name two"),
        (["--base", "main", "--force"], "--force is for stored runs"),
        (["--base", "main", "--rounds", "1"], "--rounds must be at least 2 to compare, not 1"),
        (["--base", "main", "--target", "0.01"], "--target is not for comparing"),
        (["--base", "main", "--band", "3"], "--band is a share from 0 to 1, such as 0.03, not 3.0"),
        (["--base", "main", "--markdown", "-", "--json"], "both ask for standard output"),
        (["--base-set", "threads"], "--base-set takes KEY=VALUE with a key of threads, batch"),
        (["--base", "main", "--models", "rexnt_1.0"], "did you mean 'rexnet_1.0'"),
        (["--base-wheel", "none.whl"], "base: a wheel is a file, none.whl is none"),
        (["a", "b"], "there is no store results/rexbench.db yet"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_code_2(capsys, words, line):
    code, out, err = run(capsys, "compare", *words)
    assert (code, out) == (2, "")
    assert line in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("factors", "spread", "code"),
    [((1.0, 1.0), 0.002, 0), ((0.8, 1.0), 0.002, 0), ((1.2, 0.8), 0.002, 3), ((1.0, 1.0), 0.2, 4)],
)
def test_the_exit_code_is_the_gate(capsys, save, factors, spread, code):
    save("base", 1.0, 1.0)
    save("head", *factors, spread=spread)
    assert run(capsys, "compare", "base", "head")[0] == code


def test_stored_runs_say_that_they_were_not_interleaved(capsys, save):
    save("base", 1.0, 1.0)
    save("head", 1.2, 1.0)
    _, out, _ = run(capsys, "compare", "base", "latest")
    assert re.search(r"^rexnet_1\.0-224-b1-eager +\S+ +1[12]\S* +\+(19|20)\.\d+ % \[\+.*\] +SLOWER$", out, re.MULTILINE)
    assert "their rounds are compared as independent samples" in out
    assert "`rexbench compare --live` lets them take turns" in out


def test_json_and_csv_carry_the_same_rows(capsys, save):
    save("base", 1.0, 1.0)
    save("head", 1.2, 1.0)
    document = json.loads(run(capsys, "compare", "base", "head", "--json")[1])
    rows = list(csv.DictReader(io.StringIO(run(capsys, "compare", "base", "head", "--csv")[1])))
    assert [row["verdict"] for row in document["rows"]] == [row["verdict"] for row in rows] == ["SLOWER", "SAME"]
    assert document["rows"][0]["change"] == pytest.approx(0.2, abs=0.01)
    assert {row["environments"] for row in rows} == {"same"}
    assert "samples" not in document


def test_markdown_is_short_and_has_verdict_interval_band_and_floor(capsys, save):
    save("base", 1.0, 1.0)
    save("head", 1.2, 1.0)
    code, out, _ = run(capsys, "compare", "base", "head", "--markdown", "-")
    assert code == 3
    assert out.startswith("### Speed: 1 🔴 slower, 1 ⚪ same\n")
    assert "| 🔴 SLOWER | rexnet_1.0-224-b1-eager | " in out
    assert "| ±3 % |" in out
    assert "- Floor: this machine has none stored; run `rexbench selftest`." in out
    assert len(out.splitlines()) < 15


def test_markdown_into_a_file_leaves_the_table_on_standard_output(capsys, save, tmp_path):
    save("base", 1.0, 1.0)
    save("head", 1.0, 1.0)
    _, out, _ = run(capsys, "compare", "base", "head", "--markdown", "report.md")
    assert out.startswith("base: run base")
    assert (tmp_path / "report.md").read_text(encoding="utf-8").startswith("### Speed: 2 ⚪ same")


def test_unlike_environments_are_refused_and_labelled_when_forced(capsys, save):
    save("base", 1.0, 1.0)
    save("head", 1.2, 1.0, environment={**ENVIRONMENT, "libraries": {"torch": "2.5.0"}})
    code, out, err = run(capsys, "compare", "base", "head")
    assert (code, out) == (2, "")
    assert "taken under unlike conditions (torch 2.13.0 and 2.5.0)" in err
    code, out, _ = run(capsys, "compare", "base", "head", "--force")
    assert code == 3
    assert "ENVIRONMENTS DIFFER, compared all the same: torch 2.13.0 and 2.5.0" in out
    rows = csv.DictReader(io.StringIO(run(capsys, "compare", "base", "head", "--force", "--csv")[1]))
    assert {row["environments"] for row in rows} == {"differ"}


def test_a_study_has_no_cases_to_compare(capsys, save, tmp_path):
    save("base", 1.0, 1.0)
    store = Store(f"sqlite:///{tmp_path}/results/rexbench.db")
    store.save_run(replace(store.find_run("base"), id="study", preset="selftest"))
    store.save_study("study", {"kind": "selftest"})
    code, _, err = run(capsys, "compare", "base", "study")
    assert code == 2
    assert "run study is a study (selftest) and has no cases to compare" in err


def test_a_live_comparison_of_two_settings_is_stored_and_printed_again(capsys):
    words = [*TINY, "--backends", "openvino", "--base-set", "batch=1", "--head-set", "batch=2"]
    code, out, err = run(capsys, "compare", *words, "--json")
    document = json.loads(out)
    assert code in {0, 3, 4}, err
    [row] = document["rows"]
    assert (row["status"], row["rounds"], row["paired"]) == ("ok", 2, True)
    assert row["changed"] == "batch 1 -> 2"
    assert document["live"]
    _, again, _ = run(capsys, "report", "--run", document["run"], "--json")
    assert json.loads(again)["rows"] == document["rows"]


@pytest.mark.extra
def test_a_working_tree_is_compared_with_a_revision_of_its_repository(capsys, tmp_path, monkeypatch):
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", str(ROOT), str(clone)], check=True)
    with (clone / "bench" / "backends" / "torch_module.py").open("a") as module:
        module.write("from pathlib import Path\nPath(__file__).with_name('ran').touch()\n")
    monkeypatch.chdir(clone)
    code, out, err = run(capsys, "compare", "--live", "--base", "HEAD", *TINY, "--json")
    document = json.loads(out)
    assert code in {0, 3, 4}, err
    assert document["rows"][0]["status"] == "ok", err
    assert document["head"].endswith("with changes")
    assert (clone / "bench" / "backends" / "ran").exists()
    listed = subprocess.run(["git", "worktree", "list"], capture_output=True, text=True, check=True)
    assert len(listed.stdout.splitlines()) == 1
