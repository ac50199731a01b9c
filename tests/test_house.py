"""The house rules: which way imports run, who opens which door, and which files stay light."""

import ast
import re
import subprocess
import sys
import tomllib
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
#: The folders and programs of `bench`, ground first; each may import from the floors below its own.
FLOORS = [
    line.split()
    for line in """
        records
        backends
        machine
        statistics workers
        planning preparing store
        worker assets describe layer_profile running options doctor
        selftest census exporting resume_options
        comparison
        pytest_plugin
        suites
    """.strip().splitlines()
]
#: Each heavy library with the one file or folder that imports it; OpenVINO is run by one and counted by others.
DOORS = {
    "fvcore": "analysis/complexity/fvcore_counts.py",
    "openvino": (
        "bench/backends/openvino.py",
        "bench/backends/openvino_int8.py",
        "bench/exporting/ir.py",
        "analysis/complexity/conventions/openvino_graph.py",
        "analysis/graphs/reading.py",
    ),
    "onnx": (
        "rexnet_core/sources/onnx_file.py",
        "bench/backends/onnx_export.py",
        "bench/backends/onnx_layers.py",
        "bench/backends/onnx_int8.py",
        "bench/exporting/onnx_form.py",
    ),
    "onnxruntime": (
        "analysis/graphs/literal_run.py",
        "bench/backends/onnxruntime.py",
        "bench/backends/onnx_session.py",
        "bench/backends/onnx_int8.py",
    ),
    "nncf": "bench/backends/openvino_int8.py",
    "torchao": "bench/backends/pt2e.py",
    "timm": "rexnet_core/sources/timm_models.py",
    "torchvision": "rexnet_core/sources/torchvision_models.py",
    "sqlalchemy": "bench/store",
    "alembic": "bench/store",
    "filelock": "bench/machine",
    "matplotlib": (
        "reports/drawing",
        "reports/run/figures",
        "reports/rank/figures",
        "reports/published/figures.py",
        "reports/census/figure.py",
        "reports/training/figures.py",
    ),
    "pytest": ("bench/pytest_plugin.py", "bench/suites/support/reference_tools.py"),
    "itables": "reports/page",
    "jinja2": "reports/page",
    "kornia": "analysis/training/augmentation.py",
    "sklearn": "analysis/rank/trained/data.py",
    "scipy": "analysis/statistics",
    "PIL": (
        "rexnet_core/preprocess.py",
        "rexnet_core/image_decoding.py",
        "rexnet_core/jpeg_files.py",
        "analysis/training/cropping.py",
    ),
}


def sources(package):
    return [path for path in sorted((ROOT / package).rglob("*.py")) if "suites" not in path.parts]


def modules(path):
    """Full names of all modules a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported(path):
    """Top-level names of all modules a file imports."""
    return [name.split(".")[0] for name in modules(path)]


@pytest.mark.parametrize("package", ARROWS)
def test_imports_run_one_way(package):
    wrong = {
        (str(path.relative_to(ROOT)), name)
        for path in sources(package)
        for name in imported(path)
        if name in {*ARROWS, "rexbench"} - ARROWS[package]
    }
    assert not wrong


def test_imports_inside_bench_run_one_way():
    floors = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
    rooms = {
        path: path.relative_to(ROOT / "bench").parts[0].removesuffix(".py") for path in (ROOT / "bench").rglob("*.py")
    }
    wrong = {
        (str(path.relative_to(ROOT)), name)
        for path, room in rooms.items()
        for name in modules(path)
        if name.startswith("bench.") and name.split(".")[1] != room and floors[name.split(".")[1]] >= floors[room]
    }
    assert not wrong
    assert set(floors) == set(rooms.values()) - {"__init__"}


def test_the_programs_that_other_builds_start_stay_where_they_are():
    """A comparison starts ``python -m bench.worker`` and ``python -m bench.assets`` in builds of other commits."""
    assert (ROOT / "bench/worker.py").is_file()
    assert (ROOT / "bench/assets.py").is_file()


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
    bench.pytest_plugin reports.run.frames reports.run.report reports.run.text analysis.complexity
    analysis.published analysis.published.timm_index
    analysis.complexity.conventions rexbench.commands.published reports.published.report
    bench.store.paper_latency rexnet_core.registry rexnet_core.calibration rexbench.commands.evaluate
    rexbench.commands.predict analysis.prediction reports.prediction
    rexbench.commands.rank.layers rexbench.commands.rank.network rexbench.commands.rank.trained
    rexbench.commands.rank.search rexbench.commands.compare rexbench.commands.selftest rexbench.commands.complexity
    rexbench.commands.export reports.model_card rexbench.commands.train rexbench.commands.run rexbench.commands.report
    rexbench.commands.suites rexbench.commands.census reports.census.report
    bench.comparison.compare bench.selftest.pairs bench.selftest.other_protocols
    reports.compare reports.selftest reports.accuracy reports.rank.report analysis.rank analysis.rank.layers.setting
    analysis.rank.network.setting analysis.rank.trained.setting analysis.accuracy analysis.accuracy.published
    rexbench.commands.train analysis.training analysis.training.data reports.training.report
    rexbench.cli
"""


def run_without(libraries, code):
    blocked = f"import sys; sys.modules.update(dict.fromkeys({libraries.split()}))\n"
    done = subprocess.run([sys.executable, "-c", blocked + code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", LIGHT.split())
def test_the_parent_process_and_the_reports_live_without_torch(module):
    run_without("torch openvino", f"import {module}")


#: Libraries, and what must be read or planned without them.
PLANS = {
    "scipy.stats scipy.special msgspec sqlalchemy": "import rexbench.cli\n"
    "try: rexbench.cli.main(['--help'])\n"
    "except SystemExit as left: assert not left.code",
    "torch": "from rexnet_core import model_config, model_info, model_names\n"
    "for name in model_names(): model_config(name), model_info(name)",
    "torch pandas": "from analysis.published import load, top1\nassert load() and top1('rexnet_1.0')",
    "torch fvcore": "from analysis.complexity import as_dict, count, layer_rows\n"
    "assert as_dict(count('rexnet_1.0'), per_layer=True)['macs'] == 398_370_392",
    "torch sklearn scipy.stats": "from analysis.rank.trained import TrainedSetting, networks, run_trained\n"
    "import sys; assert 'scipy.special' not in sys.modules\n"
    "assert len(networks.plan_networks(TrainedSetting())) == 6",
}


@pytest.mark.parametrize("libraries", PLANS)
def test_reading_and_planning_need_no_heavy_library(libraries):
    run_without(libraries, PLANS[libraries])


def test_no_file_is_named_for_what_it_lacks():
    vague = {"utils", "common", "helpers", "base", "misc"}
    assert not [path for package in ARROWS for path in (ROOT / package).rglob("*") if path.stem in vague]


def test_every_dependency_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = [*project["project"]["optional-dependencies"].values(), *project["dependency-groups"].values()]
    wanted = [*project["project"]["dependencies"], *(entry for extra in extras for entry in extra)]
    names = {re.match(r"[\w.-]+", entry)[0].lower().replace("_", "-") for entry in wanted}
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines if "==" in line}
    assert names <= pinned


def test_what_contributing_names_is_there():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    sessions = set(re.findall(r"(?m)^def (\w+)\(session", (ROOT / "noxfile.py").read_text()))
    assert set(re.findall(r"nox -s (\w+)", text)) <= sessions
    names = re.findall(r"`(?!\.nox/)([\w./-]+)`", text) + re.findall(r"\]\(([\w./-]+)\)", text)
    paths = {name for name in names if "/" in name or name.endswith((".md", ".txt", ".toml"))}
    assert paths
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []
