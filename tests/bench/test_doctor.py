"""Each finding has its remedy, and healthy machines are not scared."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import PackageNotFoundError

from bench import doctor
from bench.backends.openvino import INFO, judge_default_precision
from bench.backends.pt2e import describe_quantizer
from bench.backends.registry import Registry
from bench.doctor import examine
from bench.machine.energy import Counter, Reading


def only(name):
    """The findings of one check."""
    return getattr(doctor, f"_check_{name}")()


def test_every_finding_that_is_not_fine_has_a_remedy():
    findings = examine()
    checks = {"threads", "quota", "compiler", "backends", "precision", "int8", "bf16", "energy", "load", "room"}
    assert {finding.check for finding in findings} >= checks
    assert all(finding.level in {"ok", "warn", "fail"} for finding in findings)
    assert all(bool(finding.remedy) == (finding.level != "ok") for finding in findings)


def test_variables_that_tune_a_runtime_are_named(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert any("OMP_NUM_THREADS" in one.found and one.level == "warn" for one in only("threads"))


def test_a_quota_below_the_cores_is_a_warning(monkeypatch):
    monkeypatch.setattr(doctor, "read_quota", lambda: 0.5)
    [finding] = only("quota")
    assert (finding.level, finding.found) == ("warn", "CPU quota 0.5 cores")


def test_a_missing_compiler_is_a_failure_with_the_package_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("CXX", str(tmp_path / "missing"))
    [finding] = only("tools")
    assert finding.level == "fail"
    assert "apt-get install g++" in finding.remedy


def test_a_runtime_that_does_not_import_says_why(monkeypatch):
    monkeypatch.setattr(doctor, "_ask_python", lambda _code: ("", "ImportError: libgomp.so.1"))
    findings = [finding for finding in doctor._check_backends() if finding.level == "fail"]
    assert list(dict.fromkeys(finding.remedy for finding in findings)) == [
        "pip install torch",
        "pip install openvino",
        'pip install "rexbench[onnx]"',
    ]
    assert all("ImportError: libgomp.so.1" in finding.found for finding in findings)


def test_each_tool_and_each_obstacle_is_one_finding_with_the_backends_that_it_stops(monkeypatch, tmp_path):
    monkeypatch.setenv("CXX", str(tmp_path / "missing"))
    monkeypatch.setattr("tempfile.tempdir", "/a b")
    [tool], [obstacle] = only("tools"), only("obstacles")
    assert tool.found == "no C++ compiler, without which compile, compile_freezing, aoti can't run"
    assert obstacle.found.startswith("compile, compile_freezing, aoti: inductor needs folders without spaces")


def test_a_missing_quantizer_is_named_and_no_failure(monkeypatch):
    assert describe_quantizer().found.startswith("int8 by torchao ")
    monkeypatch.setattr("importlib.metadata.version", lambda name: (_ for _ in ()).throw(PackageNotFoundError(name)))
    finding = describe_quantizer()
    assert (finding.level, finding.found) == (
        "ok",
        'unavailable: int8 needs torchao; pip install "rexbench[int8]"',
    )


def declare(monkeypatch, **changes):
    """The only backend, which finds an obstacle and whose runtime does not import."""
    info = replace(INFO, name="one", find_obstacle=lambda: "it lacks something; install it", **changes)
    monkeypatch.setattr(doctor, "read_registry", lambda: Registry({"one": info}, {}))
    monkeypatch.setattr(doctor, "_ask_python", lambda _code: ("", "ModuleNotFoundError: No module named 'one'"))


def test_an_optional_runtime_that_is_not_installed_is_no_failure_and_has_its_command(monkeypatch):
    declare(monkeypatch, library="no-such-runtime", extra="one")
    assert not only("obstacles")
    [finding] = only("backends")
    command = 'pip install "rexbench[one]"'
    assert (finding.level, finding.found) == ("ok", f"one: optional, and not installed; {command}")


def test_an_optional_runtime_that_is_installed_and_does_not_import_is_a_failure(monkeypatch):
    declare(monkeypatch, library="numpy", extra="one")
    assert [finding.level for finding in (*only("obstacles"), *only("backends"))] == ["fail", "fail"]
    declare(monkeypatch, library="no-such-runtime")  # of every install
    assert [finding.level for finding in (*only("obstacles"), *only("backends"))] == ["fail", "fail"]


def test_energy_is_told_as_its_counters_or_as_the_reason(monkeypatch):
    monkeypatch.setattr(doctor, "_MOVES_S", 0.0)
    values = iter([1, 2, 2, 2])
    zones = lambda: {"package": {"intel-rapl:0": Counter(next(values), 10)}}  # noqa: E731
    monkeypatch.setattr(doctor, "read_energy", lambda: Reading(at_s=0.0, zones=zones()))
    assert only("energy")[0].found == "counters of package"
    assert only("energy")[0].found.startswith("not available: the counter of intel-rapl:0 does not move")
    monkeypatch.setattr(doctor, "read_energy", lambda: Reading(at_s=0.0, reasons={"package": "no counters"}))
    [finding] = only("energy")
    assert (finding.level, finding.found) == ("ok", "not available: no counters")


def test_a_silent_bfloat16_is_a_surprise():
    assert judge_default_precision("bf16").level == "warn"
    assert judge_default_precision("fp32").level == "ok"


def test_a_powersaving_governor_is_a_warning(monkeypatch):
    monkeypatch.setattr(doctor, "read_governor", lambda: "powersave")
    assert "cpupower" in only("frequency")[0].remedy


def test_variables_that_no_time_depends_on_and_those_passed_on_are_listed_without_a_warning(monkeypatch):
    monkeypatch.setenv("PIP_TARGET", "/x")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/some/where")
    found = {one.found: one.level for one in only("threads")}
    assert [level for text, level in found.items() if "PIP_TARGET" in text] == ["ok"]
    assert [level for text, level in found.items() if "LD_LIBRARY_PATH=/some/where" in text] == ["ok"]
