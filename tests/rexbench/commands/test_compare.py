"""rexbench compare at the front door: exit codes a workflow can act on, and answers in every form."""

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_up import make_measurement

from analysis.study import Study
from bench.comparison import case_pairs
from bench.records.case import Case
from bench.records.run import RunInfo
from bench.store.store import Store

ROOT = Path(__file__).parents[3]
#: A commit whose `bench` was one flat folder: its workers must still be understood.
FLAT = "38dcf3d"
CASES = [
    Case(model="rexnet_1.0", resolution=224, batch=1, backend=backend, threads=2) for backend in ("eager", "openvino")
]
TINY = ["--models", "mobilenet_v2_0.5", "--resolutions", "32", "--backends", "eager", "--threads", "1", "--rounds", "2"]
ENVIRONMENT = {"cpu": {"model": "EPYC", "logical": 2}, "libraries": {"torch": "2.13.0"}}


@pytest.fixture
def save(tmp_path):
    """Store a run whose two cases take a known time, in rounds that differ a little."""
    store = Store(f"sqlite:///{tmp_path}/results/rexbench.db")

    def write(name, *factors, environment=ENVIRONMENT, spread=0.002):
        random = np.random.default_rng(len(name) + int(sum(factors) * 1e6))
        store.save_run(RunInfo(id=name, started_at=name, finished_at=name, environment=environment))
        for case, factor in zip(CASES, factors, strict=True):
            rounds = [[0.01 * factor * random.normal(1, spread) * random.normal(1, 1e-4, 9)] for _ in range(8)]
            store.save_measurement(name, make_measurement(rounds, case))

    return write


@pytest.mark.parametrize(
    ("factors", "spread", "code"),
    [((1.0, 1.0), 0.002, 0), ((0.8, 1.0), 0.002, 0), ((1.2, 0.8), 0.002, 3), ((1.0, 1.0), 0.2, 4)],
)
def test_the_exit_code_is_the_gate(call, save, factors, spread, code):
    save("base", 1.0, 1.0)
    save("head", *factors, spread=spread)
    assert call("compare", "base", "head")[0] == code


def test_stored_runs_say_that_they_were_not_interleaved(call, save):
    save("base", 1.0, 1.0)
    save("head", 1.2, 1.0)
    _, out, _ = call("compare", "base", "latest")
    assert re.search(r"^rexnet_1\.0-224-b1-eager +\S+ +1[12]\S* +\+(19|20)\.\d+ % \[\+.*\] +SLOWER$", out, re.MULTILINE)
    assert "their rounds are compared as independent samples" in out
    assert "`rexbench compare --live` lets both take turns" in out


def test_json_and_csv_carry_the_same_rows(call, save):
    save("base", 1.0, 1.0)
    save("head", 1.2, 1.0)
    document = call("compare", "base", "head", "--json").document
    rows = call("compare", "base", "head", "--csv").rows
    assert [row["verdict"] for row in document["rows"]] == [row["verdict"] for row in rows] == ["SLOWER", "SAME"]
    assert document["rows"][0]["change"] == pytest.approx(0.2, abs=0.01)
    assert {row["environments"] for row in rows} == {"same"}
    assert set(document["rows"][0]) <= set(rows[0])
    assert "samples" not in document


def test_markdown_is_short_and_has_verdict_interval_band_and_floor(call, save):
    save("base", 1.0, 1.0)
    save("head", 1.2, 1.0)
    code, out, _ = call("compare", "base", "head", "--markdown", "-")
    assert code == 3
    assert out.startswith("### Speed: 1 🔴 slower, 1 ⚪ same\n")
    assert "| 🔴 SLOWER | `rexnet_1.0-224-b1-eager` | " in out
    assert re.search(r"\| ±3 % \| significant \(q = \S+\) and beyond the 3 % margin \|", out)
    assert len(out.splitlines()) < 15


def test_what_a_build_says_of_itself_is_quoted_in_markdown(call, save, tmp_path):
    save("base", 1.0, 1.0)
    save("head", 1.0, 1.0)
    store = Store(f"sqlite:///{tmp_path}/results/rexbench.db")
    reason = "<b>@team</b> |\n`rm` <!--"
    store.save_measurement("head", make_measurement([], CASES[0], status="failed", reason=reason))
    code, out, _ = call("compare", "base", "head", "--markdown", "-")
    assert code == 1
    assert "| ❌ failed | `rexnet_1.0-224-b1-eager` | | | | | `head: <b>@team</b> \\| 'rm' <!--` |" in out


@pytest.mark.parametrize(
    ("status", "told"),
    [("unsupported", "failed: head is unsupported where base is not: not here"), ("failed", "failed: head: not")],
)
def test_a_head_that_can_no_longer_do_a_case_does_not_pass(call, save, tmp_path, status, told):
    save("base", 1.0, 1.0)
    save("head", 1.0, 1.0)
    store = Store(f"sqlite:///{tmp_path}/results/rexbench.db")
    lost = make_measurement([], CASES[1], status=status, reason="not here")
    store.save_measurement("head", lost)
    code, out, _ = call("compare", "base", "head")
    assert code == 1
    assert told in out
    store.save_measurement("base", lost)
    assert call("compare", "base", "head")[0] == (0 if status == "unsupported" else 1)


def test_cases_that_only_one_run_has_are_named_and_missing_ones_do_not_pass(call, save, tmp_path):
    save("base", 1.0, 1.0)
    save("head", 1.0, 1.0)
    store = Store(f"sqlite:///{tmp_path}/results/rexbench.db")
    more = make_measurement(store.measurements("base")[0].rounds, replace(CASES[0], batch=8))
    store.save_measurement("head", more)
    code, out, _ = call("compare", "base", "head")
    assert code == 0
    assert "Only the head has rexnet_1.0-224-b8-eager." in out
    code, out, _ = call("compare", "head", "base", "--json")
    assert (code, json.loads(out)["only_base"]) == (1, ["rexnet_1.0-224-b8-eager"])


def test_a_dirty_round_is_told_beside_the_verdict(call, save, tmp_path):
    save("base", 1.0, 1.0)
    save("head", 1.0, 1.0)
    store = Store(f"sqlite:///{tmp_path}/results/rexbench.db")
    [one, _] = store.measurements("head")
    busy = replace(one.rounds[0], interference={"others_percent": 41.0}, steady=False)
    store.save_measurement("head", replace(one, rounds=(busy, *one.rounds[1:])))
    _, out, _ = call("compare", "base", "head")
    assert "    1 of 8 rounds disturbed, at worst: neighbours used 41 % of the cores\n" in out
    assert "    a warm-up reached its cap before two windows agreed\n" in out
    rows = call("compare", "base", "head", "--json").document["rows"]
    assert [(row["machine"], row["dirty_rounds"]) for row in rows] == [("disturbed", 1), ("not available", 0)]
    told = call("compare", "base", "head", "--csv").rows
    assert [row["dirty_causes"] for row in told] == ["neighbours used 41 % of the cores", ""]
    assert {row["stop_reasons"] for row in told} == {""}


def test_markdown_into_a_file_leaves_the_table_on_standard_output(call, save, tmp_path):
    save("base", 1.0, 1.0)
    save("head", 1.0, 1.0)
    _, out, _ = call("compare", "base", "head", "--markdown", "report.md")
    assert out.startswith("base: run base")
    assert (tmp_path / "report.md").read_text(encoding="utf-8").startswith("### Speed: 2 ⚪ same")


def test_unlike_environments_are_refused_and_labelled_when_forced(call, save):
    save("base", 1.0, 1.0)
    save("head", 1.2, 1.0, environment={**ENVIRONMENT, "libraries": {"torch": "2.5.0"}})
    code, out, err = call("compare", "base", "head")
    assert (code, out) == (2, "")
    assert "taken under unlike conditions (torch 2.13.0 and 2.5.0)" in err
    code, out, _ = call("compare", "base", "head", "--force")
    assert code == 3
    assert "ENVIRONMENTS DIFFER, compared all the same: torch 2.13.0 and 2.5.0" in out
    rows = call("compare", "base", "head", "--force", "--csv").rows
    assert {row["environments"] for row in rows} == {"differ"}


def test_a_study_has_no_cases_to_compare(call, save, tmp_path):
    save("base", 1.0, 1.0)
    store = Store(f"sqlite:///{tmp_path}/results/rexbench.db")
    store.save_run(replace(store.find_run("base"), id="study", preset="selftest"))
    store.save_study("study", Study(kind="selftest", payload={}))
    code, _, err = call("compare", "base", "study")
    assert code == 2
    assert "run study (selftest) has no cases to compare" in err


def test_latest_is_the_newest_run_with_cases_whatever_became_of_a_study(call, save, tmp_path):
    save("base", 1.0, 1.0)
    save("head", 1.0, 1.0)
    store = Store(f"sqlite:///{tmp_path}/results/rexbench.db")
    store.save_run(replace(store.find_run("base"), id="killed", started_at="z", preset="compare"))
    assert "head: run head\n" in call("compare", "base", "latest")[1]


@pytest.mark.survival
def test_a_live_comparison_of_two_settings_is_stored_and_printed_again(call, monkeypatch):
    monkeypatch.setitem(case_pairs.SETTINGS, "round_s", 0.2)
    words = [*TINY, "--backends", "openvino", "--base-set", "batch=1", "--head-set", "batch=2"]
    code, out, err = call("compare", *words, "--json")
    document = json.loads(out)
    assert code in {0, 3, 4}, err
    [row] = document["rows"]
    assert (row["status"], row["rounds"], row["paired"]) == ("ok", 2, True)
    assert row["changed"] == "batch 1 -> 2"
    assert document["live"]
    _, again, _ = call("report", "--run", document["run"], "--json")
    assert json.loads(again)["rows"] == document["rows"]


@pytest.mark.survival
def test_a_working_tree_is_compared_with_a_revision_of_its_repository(call, tmp_path, monkeypatch):
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", str(ROOT), str(clone)], check=True)
    with (clone / "bench" / "backends" / "torch_module.py").open("a") as module:
        module.write(f"from pathlib import Path\nPath({str(tmp_path / 'ran')!r}).touch()\n")
    monkeypatch.chdir(clone)
    code, out, err = call("compare", "--live", "--base", "HEAD", *TINY, "--json")
    document = json.loads(out)
    assert code in {0, 3, 4}, err
    assert document["rows"][0]["status"] == "ok", err
    assert document["head"].endswith("with changes")
    assert (tmp_path / "ran").exists()
    listed = subprocess.run(["git", "worktree", "list"], capture_output=True, text=True, check=True)
    assert len(listed.stdout.splitlines()) == 1


@pytest.mark.extra
def test_a_build_with_another_layout_of_modules_is_compared(call, tmp_path, monkeypatch):
    if subprocess.run(["git", "-C", str(ROOT), "cat-file", "-e", f"{FLAT}^{{commit}}"], check=False).returncode:
        pytest.skip(f"commit {FLAT} is not in the history of this checkout; fetch it with git fetch --unshallow")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", str(ROOT), str(clone)], check=True)
    monkeypatch.chdir(clone)
    words = [*TINY, "--backends", "eager", "openvino"]
    code, out, err = call("compare", "--live", "--base", FLAT, *words, "--json")
    rows = json.loads(out)["rows"]
    assert code in {0, 3, 4}, err
    assert [(row["backend"], row["status"], row["rounds"]) for row in rows] == [
        ("eager", "ok", 2),
        ("openvino", "ok", 2),
    ]
