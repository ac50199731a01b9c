"""The GMACs and parameters of timm's results tables, counted again."""

import contextlib
import csv
from pathlib import Path

import pytest

from analysis.complexity import trace
from analysis.complexity.conventions import count_under
from analysis.published.timm_counts import count_as_timm_tables, judge, share_reproduced
from rexnet_core.errors import InputError
from tests.support.timm_models import create_on_meta, import_timm

#: The smallest models of each of timm's families, two or fewer, with what its table prints: columns model, resolution,
#: gmacs and params_m. Source: results/benchmark-infer-fp32-nchw-pt240-cpu-i7_12700h-dynamo.csv at commit aa4b585.
with (Path(__file__).parent / "data" / "timm_gmacs.csv").open(encoding="utf-8") as _file:
    ROWS = list(csv.DictReader(_file))
FEW = [row for row in ROWS if row["model"] in {"resnet10t", "vit_tiny_patch16_224", "convnext_atto", "lcnet_050"}]

#: What fvcore counts for layers that have multiply-adds.
LAYERS = {"conv", "linear"}


def judge_row(row):
    module, side = create_on_meta(row["model"]), int(row["resolution"])
    return [
        judge(row["model"], "gmacs", row["gmacs"], count_as_timm_tables(module, side).total),
        judge(row["model"], "params_m", row["params_m"], trace(module, side).params),
    ]


@pytest.mark.parametrize("row", FEW, ids=lambda row: row["model"])
def test_the_printed_numbers_come_out(row):
    assert [one.verdict for one in judge_row(row)] == ["reproduced", "reproduced"]


def test_our_layers_are_what_is_left_without_norms_and_attention():
    module = create_on_meta("vit_tiny_patch16_224")
    counted, cost = count_as_timm_tables(module, name="timm:vit"), trace(module)
    operators = counted.by_operator()
    assert operators["scaled_dot_product_attention"] == 12 * 2 * 197**2 * 192
    assert sum(amount for name, amount in operators.items() if name in LAYERS) == cost.macs
    assert operators.keys() == LAYERS | {"scaled_dot_product_attention", "layer_norm"}
    assert (counted.convention, counted.model) == ("timm_tables", "timm:vit")


@contextlib.contextmanager
def attention_in_parts(timm):
    """A context in which timm's models write the products of attention themselves, where fvcore sees them."""
    before = bool(timm.layers.use_fused_attn())
    timm.layers.set_fused_attn(enable=False)
    try:
        yield
    finally:
        timm.layers.set_fused_attn(enable=before)


def test_fvcore_itself_gives_the_same_where_attention_is_not_fused():
    timm = import_timm()
    fused = count_as_timm_tables(create_on_meta("vit_tiny_patch16_224"))
    with attention_in_parts(timm):
        module = create_on_meta("vit_tiny_patch16_224")
    assert count_as_timm_tables(module).total == fused.total == count_under("fvcore", module).total


@pytest.mark.extra
@pytest.mark.parametrize("row", [row for row in ROWS if float(row["gmacs"]) < 6][::4], ids=lambda row: row["model"])
def test_fvcore_itself_gives_the_same_for_every_family(row):
    """But for the four digits that it has of `einsum`."""
    with attention_in_parts(import_timm()):
        module, side = create_on_meta(row["model"]), int(row["resolution"])
    ours, theirs = count_as_timm_tables(module, side).by_operator(), count_under("fvcore", module, side).by_operator()
    assert ours.pop("einsum", 0) == pytest.approx(theirs.pop("einsum", 0), rel=5e-4)
    assert sum(ours.values()) == sum(theirs.values())


@pytest.mark.extra
def test_almost_all_printed_numbers_of_every_family_come_out():
    """The share that is reproduced, and that the rest is explained; networks with an explanation are all among them."""
    verdicts = [one for row in ROWS for one in judge_row(row)]
    assert len(ROWS) >= 100
    assert [one for one in verdicts if one.verdict == "contradicted"] == []
    for column, least in {"gmacs": 0.98, "params_m": 0.96}.items():
        assert share_reproduced(one for one in verdicts if one.column == column) >= least


@pytest.mark.parametrize(
    ("printed", "ours", "verdict"),
    [
        ("3.01", 3_006_692_864, "reproduced"),
        ("3.0", 3_004_999_999, "reproduced"),
        ("3.0", 3_005_000_000, "reproduced"),
        ("3.01", 3_005_000_000, "reproduced"),
        ("3.0", 3_005_000_001, "contradicted"),
        ("3", 3_006_000_000, "contradicted"),
    ],
)
def test_two_decimals_are_compared_however_many_are_printed(printed, ours, verdict):
    assert judge("resnet18.a1_in1k", "gmacs", printed, ours).verdict == verdict


def test_an_explanation_holds_for_its_digits_alone():
    explained = judge("ecaresnext50t_32x4d", "gmacs", "2.7", 4_468_903_680)
    assert explained.verdict == "explained"
    assert "1.0.31 builds 3, 4, 6 and 3" in explained.reason
    assert judge("ecaresnext50t_32x4d.x", "params_m", "15.41", 25_045_686).verdict == "explained"
    assert judge("ecaresnext50t_32x4d", "gmacs", "2.71", 4_468_903_680).verdict == "contradicted"


@pytest.mark.parametrize("printed", ["", "a lot", "nan", "inf"])
def test_what_is_no_number_is_refused(printed):
    with pytest.raises(InputError, match=r"gmacs of timm's tables must be a number such as 0\.41, got"):
        judge("resnet18", "gmacs", printed, 1)


def test_no_share_is_not_zero():
    share = share_reproduced([])
    assert share != share  # noqa: PLR0124 - NaN
