"""A configuration file is read, checked and never run; whatever is in it, an error is one line with file and key."""

from __future__ import annotations

import os
import re
from argparse import Namespace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from analysis.model_options import ModelOptions
from bench.options import read_selection, read_store
from bench.planning.config import EMPTY, load_config
from bench.planning.plan import expand
from bench.planning.presets import PRESETS
from bench.store.store import DEFAULT_URL
from rexbench import cli
from rexnet_core.errors import InputError

MINE = """\
store = "sqlite:///mine.db"
preset = "mine"

[presets.mine]
summary = "what we deploy"
models = ["rexnet_1.0", "mobilenet_v2_1.0"]
backends = ["eager", "openvino"]
batch-sizes = [1, 8]
resolutions = ["native", 64]
precisions = ["fp32"]
memory-formats = ["contiguous"]
scenarios = ["latency", "throughput"]
streams = [1]
budget = "10m"
rounds = 5
target = 0.05
rivals = [["rexnet_1.0", "mobilenet_v2_1.0"]]
device = "cpu"
threads = 1
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A repository, in whose folder we are."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def write(project):
    def place(text, name="rexbench.toml"):
        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        (project / name).write_bytes(data)

    return place


def test_without_a_file_everything_is_ours(project):
    assert load_config() is EMPTY
    assert not list(project.glob("*.toml"))


def test_a_preset_says_all_that_a_run_needs(write):
    write(MINE)
    plan = expand(read_selection(Namespace(), load_config()))
    assert (plan.preset, plan.rivals) == ("mine", (("rexnet_1.0", "mobilenet_v2_1.0"),))
    expected = {
        "model": {"rexnet_1.0", "mobilenet_v2_1.0"},
        "resolution": {224, 64},
        "batch": {1, 8},
        "backend": {"eager", "openvino"},
        "threads": {1},
        "device": {"cpu"},
        "scenario": {"latency", "throughput"},
    }
    assert {name: {getattr(case, name) for case in plan.cases} for name in expected} == expected
    assert (plan.settings.budget_s, plan.settings.max_rounds, plan.settings.target) == (600, 5, 0.05)


def test_models_from_elsewhere_are_looked_for_when_their_preset_is_run(write):
    write("""
        [presets.mine]
        models = ["rexnet_1.0", "py:own.models:build", "net.onnx", "timm:resnet18"]
        model-args = { width = 2 }
        input-shape = ["1,3,32,32", "1,3,32,32"]
        in-channels = 3
        rivals = [["rexnet_1.0", "net.onnx"]]
        """)
    preset = load_config().presets["mine"]
    assert preset.models == ("rexnet_1.0", "py:own.models:build", "net.onnx", "timm:resnet18")
    assert preset.options == ModelOptions(
        model_args='{"width": 2}', input_shapes=("1,3,32,32", "1,3,32,32"), in_channels=3
    )
    with pytest.raises(InputError, match=r"net\.onnx: No such file"):
        expand(read_selection(Namespace(preset="mine"), load_config()))


def test_flags_go_before_the_file(write):
    write(MINE)
    asked = Namespace(models=["rexnet_0.5"], scenarios=["latency"], budget_s=30.0, batch_sizes=[2])
    plan = expand(read_selection(asked, load_config()))
    assert {(case.model, case.batch, case.scenario) for case in plan.cases} == {("rexnet_0.5", 2, "latency")}
    assert (plan.settings.budget_s, plan.settings.max_rounds) == (30, 20)
    assert expand(read_selection(Namespace(preset="quick"), load_config())).preset == "quick"


def test_the_store_is_the_projects_unless_one_is_named(write):
    write(MINE)
    assert read_store(DEFAULT_URL, load_config()) == "sqlite:///mine.db"
    assert read_store("".join(DEFAULT_URL), EMPTY) == DEFAULT_URL
    assert read_store("sqlite:///other.db", load_config()) == "sqlite:///other.db"


def test_pyproject_holds_it_in_its_own_table_and_a_file_of_its_own_goes_before(write):
    table = re.sub(r"(?m)^\[presets", "[tool.rexbench.presets", MINE)
    write(f"[project]\nname = 'x'\n[tool.ruff]\nline-length = 3\n[tool.rexbench]\n{table}", "pyproject.toml")
    assert load_config().preset == "mine"
    assert load_config().presets["mine"].models == ("rexnet_1.0", "mobilenet_v2_1.0")
    write("preset = 'standard'")
    assert load_config().preset == "standard"


@pytest.mark.parametrize("text", ["[tool.ruff]\nrexbench = 1", "this is no TOML"])
def test_a_pyproject_without_our_table_is_not_read(write, text):
    write(text, "pyproject.toml")
    assert load_config() is EMPTY


def test_parents_are_looked_into_up_to_the_repository_and_no_further(project, write, monkeypatch):
    write("preset = 'full'")
    (project / "a/b").mkdir(parents=True)
    monkeypatch.chdir(project / "a/b")
    assert load_config().path == project / "rexbench.toml"
    (project / "a/.git").write_text("gitdir: elsewhere")
    assert load_config() is EMPTY


def test_outside_of_a_repository_only_the_current_folder_counts(tmp_path, monkeypatch):
    (tmp_path / "inner").mkdir()
    (tmp_path / "rexbench.toml").write_text("preset = 'full'")
    monkeypatch.chdir(tmp_path / "inner")
    assert load_config() is EMPTY


def test_a_file_that_is_named_is_used_wherever_it_lies(project, write):
    write("preset = 'standard'")
    (project / "other.cfg").write_text("preset = 'full'")
    assert load_config("other.cfg").preset == "full"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("presets = 3", "rexbench.toml: presets: must be a table, got 3"),
        ("models = ['x']", "rexbench.toml: unknown key 'models'; known: preset, store, presets"),
        ("presett = 'full'", "rexbench.toml: unknown key 'presett'; did you mean 'preset'?"),
        ("preset = 'ful'", "rexbench.toml: preset: unknown preset 'ful'; did you mean 'full'?"),
        ("store = 1", "rexbench.toml: store: must be a text on one line, got 1"),
        ("presets.a = 1", "rexbench.toml: presets.a: must be a table, got 1"),
        ("presets.quick.models = ['rexnet_1.0']", "presets.quick: preset quick is built in; choose another name"),
        ("presets.'a b'.models = ['rexnet_1.0']", "a preset's name must be at most 40 letters, digits"),
        ("[presets.a]", "presets.a: a preset must name its models; add models = [...]"),
        ("presets.a.modles = []", "presets.a: unknown key 'modles'; did you mean 'models'?"),
        ("presets.a.models = []", "presets.a.models: must be a list with at least one value, got []"),
        ("presets.a.models = 'rexnet_1.0'", "presets.a.models: must be a list with at least one value, got 'rexnet_1"),
        ("presets.a = {models = ['rexnet_1.0'], trust = true}", "presets.a: unknown key 'trust'"),
        ("presets.a = {models = ['rexnet_1.0'], model-args = 3}", "model-args: must be a table such as {width = 2}"),
        ("presets.a = {models = ['rexnet_1.0'], input-shape = ['x']}", "presets.a: --input-shape takes the sizes"),
        ("presets.a = {models = ['rexnet_1.0'], in-channels = 0}", "in-channels: must be a whole number of at least 1"),
        ("presets.a.models = ['tim:resnet18']", "presets.a.models: unknown model 'tim:resnet18'"),
        ("presets.a.models = ['rexnt_1.0']", "models: unknown model 'rexnt_1.0'; did you mean 'rexnet_1.0'?"),
        ("presets.a.backends = ['egaer']", "presets.a.backends: unknown backend 'egaer'; did you mean"),
        ("presets.a.backends = [3]", "presets.a.backends: unknown backend '3'; known: "),
        ("presets.a.batch-sizes = [true]", "presets.a.batch-sizes: must be a whole number of at least 1, got True"),
        ("presets.a.batch-sizes = [0]", "presets.a.batch-sizes: must be a whole number of at least 1, got 0"),
        ("presets.a.resolutions = ['big']", "resolutions: must be whole numbers or the word native, got 'big'"),
        ("presets.a.budget = '1 fortnight'", "budget: must be a time above 0 such as 90, '90s' or '1h30m', got '1 for"),
        ("presets.a.budget = nan", "presets.a.budget: must be a time above 0"),
        ("presets.a.budget = true", "presets.a.budget: must be a time above 0"),
        ("presets.a.target = 2", "presets.a.target: must be a share between 0 and 1, got 2"),
        ("presets.a.rivals = [['rexnet_1.0']]", "presets.a.rivals: must be lists of at least two models"),
        (
            "[presets.a]\nmodels = ['rexnet_1.0']\nrivals = [['rexnet_1.0', 'rexnet_2.0']]",
            "presets.a: rivals must be among the preset's models; rexnet_2.0 is not",
        ),
        ("preset = ", "rexbench.toml must be TOML: Invalid value (at end of document)"),
        ("a = 1\na = 2", "must be TOML: Cannot overwrite a value (at "),
        (f"a = {'9' * 5000}", "must be TOML: Exceeds the limit"),
        (f"a = {'[' * 20_000}", "must be TOML: "),
        (f"presets.a.rounds = 0x{'f' * 5000}", "rexbench.toml: Exceeds the limit"),
        ("presets.\"\u202emine\".models = ['rexnet_1.0']", "got '\\u202emine'"),
        ("presets.a.models = ['rexnet_\uff11.0']", "presets.a.models: unknown model"),
        (b"preset = '\xff'", "rexbench.toml must be TOML: 'utf-8' codec can't decode byte 0xff in position 10"),
        (b"\x7fELF\x02\x01\x01\x00\x00", "must be TOML"),
    ],
)
def test_what_is_wrong_is_one_line_with_its_key(write, text, message):
    write(text)
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        load_config()
    assert str(caught.value).isprintable()


def test_keys_of_pyproject_are_named_in_full(write):
    write("[tool.rexbench.presets.a]\nrounds = 0", "pyproject.toml")
    with pytest.raises(
        InputError, match=r"pyproject\.toml: tool\.rexbench\.presets\.a\.rounds: must be a whole number"
    ):
        load_config()


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.symlink_to("/dev/zero"),
        os.mkfifo,
        Path.mkdir,
        lambda path: path.symlink_to("nowhere"),
        lambda path: path.symlink_to(path),
    ],
)
def test_a_path_that_is_no_file_is_not_read(project, make):
    make(project / "rexbench.toml")
    with pytest.raises(InputError, match=r"configuration .*rexbench\.toml"):
        load_config()


def test_a_name_that_no_file_can_have_is_one_line():
    with pytest.raises(InputError, match=r"can't read the configuration a\\x00b: .*null"):
        load_config("a\0b")


PIECES = st.sampled_from(
    [
        *("[presets.mine]", "[presets]", "[tool.rexbench]", "[[presets]]", "models = ['rexnet_1.0']", "models = 3"),
        *("preset = 'mine'", "store = ''", "budget = '1h'", "rivals = [[]]", "threads = -1", "batch-sizes = [1, 'a']"),
        *("target = 0.5", "presets = {a = {models = ['rexnet_1.0']}}", "resolutions = [[1]]", "device = 'tpu'"),
        *("\u202e = 1", "a.b.c = 1", "rounds = 1e400", "x = 1979-05-27", "streams = ['hint']", "'''", '"', "[", "\r"),
        "\0",
    ]
)
WORDS = st.one_of(PIECES, st.text(max_size=12), st.integers(0, len(MINE) - 1).map(lambda at: MINE[at : at + 30]))
FILES = st.one_of(
    st.lists(WORDS, max_size=8).map(lambda words: "\n".join(words).encode("utf-8", "replace")),
    st.tuples(st.integers(0, len(MINE)), st.integers(0, 30), st.binary(max_size=6)).map(
        lambda cut: MINE.encode()[: cut[0]] + cut[2] + MINE.encode()[cut[0] + cut[1] :]
    ),
    st.binary(max_size=60),
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=FILES)
@example(data=MINE.encode())
def test_any_file_is_a_configuration_or_one_line(project, data):
    (project / "rexbench.toml").write_bytes(data)
    try:
        assert set(load_config().presets) >= set(PRESETS)
    except InputError as error:
        assert str(error).isprintable()  # noqa: PT017 - most files are fine
    assert [path.name for path in project.iterdir() if path.name != ".git"] == ["rexbench.toml"]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=FILES)
def test_the_command_line_survives_any_file_and_writes_nothing(project, capsys, data):
    (project / "rexbench.toml").write_bytes(data)
    assert cli.main(["run", "--config", "rexbench.toml", "--models", "no_such_model"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("rexbench: ")
    assert [path.name for path in project.iterdir() if path.name != ".git"] == ["rexbench.toml"]


def test_a_folder_that_is_gone_is_one_line(project, monkeypatch):
    (project / "gone").mkdir()
    monkeypatch.chdir(project / "gone")
    (project / "gone").rmdir()
    with pytest.raises(InputError, match="the current folder must be there; No such file or directory"):
        load_config()
