"""The house rules: which way imports run, who opens which door, and which files stay light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
#: Each package with those it may import.
ARROWS = {
    "rexnet_core": {"rexnet_core"},
    "analysis": {"analysis", "rexnet_core"},
    "bench": {"bench", "analysis", "rexnet_core"},
    "reports": {"reports", "bench", "analysis", "rexnet_core"},
}
#: Each heavy library with the one file or folder that imports it; OpenVINO is run by one and counted by another.
DOORS = {
    "fvcore": "analysis/complexity/fvcore_counts.py",
    "openvino": ("bench/backends/openvino.py", "analysis/complexity/conventions/openvino_graph.py"),
    "sqlalchemy": "bench/store",
    "matplotlib": ("reports/drawing", "reports/run/figures", "reports/rank/figures", "reports/published/figures.py"),
    "pytest": ("bench/pytest_plugin.py", "bench/suites/support/reference_tools.py"),
    "itables": "reports/page",
    "jinja2": "reports/page",
    "sklearn": "analysis/rank/trained/data.py",
    "scipy": "analysis/rank/trained/statistics.py",
    "PIL": "rexnet_core/preprocess.py",
}


def sources(package):
    return [path for path in sorted((ROOT / package).rglob("*.py")) if "suites" not in path.parts]


def imported(path):
    """Top-level names of all modules a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("package", ARROWS)
def test_imports_run_one_way(package):
    wrong = {
        (str(path.relative_to(ROOT)), name)
        for path in sources(package)
        for name in imported(path)
        if name in {*ARROWS, "rexbench"} - ARROWS[package]
    }
    assert not wrong


@pytest.mark.parametrize("library", DOORS)
def test_a_heavy_library_has_one_door(library):
    everything = [path for package in ARROWS for path in sources(package)]
    users = [str(path.relative_to(ROOT)) for path in everything if library in imported(path)]
    doors = DOORS[library] if isinstance(DOORS[library], tuple) else (DOORS[library],)
    assert users
    assert [user for user in users if not any(user == door or user.startswith(door + "/") for door in doors)] == []


LIGHT = """
    rexbench bench.records.case bench.records.measurement bench.statistics.summary bench.store.store
    bench.planning.plan bench.running.session bench.running.interleaved_group bench.doctor bench.workers.executor
    bench.pytest_plugin reports.run.frames reports.run.write reports.run.text analysis.complexity
    analysis.published analysis.complexity.conventions rexbench.commands.published reports.published
    bench.store.paper_latency rexnet_core.registry rexnet_core.calibration rexbench.commands.evaluate
    rexbench.commands.rank.layers rexbench.commands.rank.network rexbench.commands.rank.trained
    rexbench.commands.rank.search rexbench.commands.compare rexbench.commands.selftest rexbench.commands.complexity
    rexbench.commands.run rexbench.commands.report rexbench.commands.suites
    bench.comparison.compare bench.selftest.pairs bench.selftest.other_protocols
    reports.compare reports.selftest reports.accuracy reports.rank analysis.rank analysis.rank.layers.setting
    analysis.rank.network.setting analysis.rank.trained.setting analysis.accuracy analysis.accuracy.published
    rexbench.cli
"""


@pytest.mark.parametrize("module", LIGHT.split())
def test_the_parent_process_and_the_reports_live_without_torch(module):
    code = f"import sys; sys.modules['torch'] = None; sys.modules['openvino'] = None; import {module}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_file_is_named_for_what_it_lacks():
    vague = {"utils", "common", "helpers", "base", "misc"}
    assert not [path for package in ARROWS for path in (ROOT / package).rglob("*") if path.stem in vague]


def test_every_dependency_is_pinned():
    import tomllib  # noqa: PLC0415

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [
        *project["project"]["dependencies"],
        *(one for group in project["dependency-groups"].values() for one in group),
    ]
    names = {entry.split(">")[0].split("=")[0].lower().replace("_", "-") for entry in asked}
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines if "==" in line}
    assert names <= pinned
