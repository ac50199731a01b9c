from dataclasses import replace

import numpy as np
import pytest

from analysis.rank.layers.claims import CLAIMS
from analysis.rank.layers.columns import columns_of
from analysis.rank.layers.document import cells_of, describe
from analysis.rank.layers.figure1 import distances, load_figure1, overlay
from analysis.rank.layers.setting import BLOCKS, PAPER_ACTIVATIONS, LayerSetting
from analysis.rank.layers.study import LayerSample, paired_errors, run_layers
from analysis.rank.layers.verdicts import Trial, judge, judge_grid, tally_levels, try_claims
from analysis.rank.layers.view import View

SETTING = LayerSetting(networks=40, d_out=(200, 200), spatial=3, tolerances=("numpy", "rel:0.1"))
NETWORKS = 40


def paper_curve(block, activation, ratio):
    """The paper's value; where a point is hidden, a value between its neighbours."""
    points = [one for one in load_figure1() if (one.block, one.activation) == (block, activation)]
    x, y = zip(*sorted((one.dimension_ratio, one.average_rank_ratio) for one in points), strict=True)
    return float(np.interp(ratio, (0.0, *x, 1.0), (0.0, *y, y[-1] if x[-1] == 1 else 1.0)))


def sample_of(curve, setting=SETTING):
    """Networks that all give `curve`, but for a little noise that is the same for all of them, and one without."""
    noise = np.random.default_rng(0).normal(0, 1e-3, NETWORKS)
    values = {}
    for block in setting.blocks:
        table = np.array([[curve(block, name, ratio) for name in setting.activations] for ratio in setting.ratios])
        bent = table[None] + noise[:, None, None]
        values[block] = np.repeat(bent[..., None], len(columns_of(setting)), axis=-1)
    return LayerSample(setting=setting, d_out=np.full(NETWORKS, 200.0), values=values, stopped_by="networks")


@pytest.fixture(scope="module")
def paper():
    return sample_of(paper_curve)


@pytest.fixture(scope="module")
def saturated():
    """Full rank under every function but the linear one: what no tolerance to speak of shows."""
    return sample_of(lambda _block, name, ratio: ratio if name == "Linear" else 1.0)


def held(sample):
    return {claim.name: claim.test(View(sample)).held for claim in CLAIMS}


def test_the_figure_itself_passes_every_rule(paper):
    found = {claim.name: claim.test(View(paper)) for claim in CLAIMS}
    assert {name: one.held for name, one in found.items() if not one.held} == {}, found


def test_full_rank_everywhere_fails_what_speaks_of_less(saturated):
    assert [name for name, found in held(saturated).items() if found] == ["C1", "C2", "C6"]


@pytest.mark.parametrize(
    ("claim", "spoil"),
    [
        ("C1", lambda _b, a, _r, v: v + 0.02 if a == "Linear" else v),
        ("C2", lambda b, a, r, v: r - 0.01 if (b, a) == (BLOCKS[3], "ELU") and r < 0.3 else v),
        ("C3", lambda b, a, _r, v: 0.95 if (b, a) == (BLOCKS[0], "ReLU") else v),
        ("C4", lambda b, a, _r, v: v - 0.1 if (b, a) == (BLOCKS[2], "SoftPlus") else v),
        ("C5", lambda b, a, r, v: v - 0.12 if (b, a) == (BLOCKS[0], "SiLU") and r < 0.15 else v),
        ("C6", lambda b, a, _r, v: v - 0.04 if (b, a) == (BLOCKS[1], "Hardswish") else v),
        ("C7", lambda b, _a, r, v: v + 0.6 if b == BLOCKS[2] and r < 0.15 else v),
        ("C8", lambda b, a, r, v: v + 0.3 if (b, a) == (BLOCKS[3], "ReLU") and r < 1 else v),
        ("C9", lambda b, a, r, v: 1.0 if (b, a) == (BLOCKS[0], "ReLU6") and r == 1 else v),
        ("C10", lambda b, a, r, v: 0.9 if (b, a) == (BLOCKS[0], "ReLU") and r < 0.2 else v),
    ],
)
def test_each_rule_fails_where_its_claim_does(claim, spoil):
    spoiled = sample_of(lambda block, name, ratio: spoil(block, name, ratio, paper_curve(block, name, ratio)))
    assert held(spoiled)[claim] is False


def test_a_rule_without_what_it_needs_is_not_told():
    setting = LayerSetting(networks=40, blocks=("conv3x3",), activations=("SELU",), ratios=(0.5,), reference="SELU")
    verdicts = judge(sample_of(lambda *_: 0.7, setting), "custom")
    told = {one.claim: one.verdict for one in verdicts}
    assert set(told.values()) == {"can't be told"}


def test_part_of_the_blocks_or_functions_is_not_all_of_them(paper):
    setting = replace(SETTING, blocks=BLOCKS[:1], activations=("Linear", "SiLU"))
    few = sample_of(paper_curve, setting)
    assert held(paper)["C2"]
    assert held(few)["C1"] is None
    assert held(few)["C2"] is None


def test_on_single_positions_the_two_kernels_cannot_be_told_apart():
    assert held(sample_of(paper_curve, replace(SETTING, spatial=1)))["C6"] is None


def test_few_noisy_networks_are_evidence_for_nothing():
    """With independent noise that hides it, what is true is not called false."""
    random, told = np.random.default_rng(1), []
    for _ in range(20):
        sample = sample_of(paper_curve)
        noisy = {block: own[:8] + random.normal(0, 0.2, own[:8].shape) for block, own in sample.values.items()}
        told += held(replace(sample, values=noisy, d_out=sample.d_out[:8])).values()
    assert told.count(False) <= 0.05 * len(told)
    assert told.count(None) > 0.5 * len(told)


def test_a_verdict_names_the_choice_that_would_change_it(paper, saturated):
    # At the loose tolerance the sample is saturated, at the primary one it is the paper's.
    values = {block: paper.values[block].copy() for block in paper.values}
    places = [n for n, one in enumerate(columns_of(SETTING)) if one.tolerance == "rel:0.1"]
    for block, own in values.items():
        own[..., places] = saturated.values[block][..., places]
    verdicts = {one.claim: one for one in judge(replace(paper, values=values), "closest")}
    assert (verdicts["C3"].verdict, verdicts["C3"].depends_on) == ("holds", "tolerance")
    assert (verdicts["C2"].verdict, verdicts["C2"].depends_on) == ("holds", "")
    assert verdicts["C11"].verdict == "fails"
    assert "C3" in verdicts["C11"].detail


def test_over_a_grid_a_claim_depends_on_the_choice_that_decides_it():
    trials = [
        Trial(claim="C2", levels={"norm": norm, "inputs": inputs}, held=norm == "none")
        for norm in ("none", "before")
        for inputs in ("normal", "uniform")
    ]
    verdicts = {one.claim: one for one in judge_grid(trials, "sensitivity")}
    assert (verdicts["C2"].verdict, verdicts["C2"].depends_on) == ("depends on", "norm")
    assert verdicts["C3"].verdict == "can't be told"
    assert verdicts["C11"].verdict == "fails"
    rows = {(row["factor"], row["level"]): (row["held"], row["views"]) for row in tally_levels(trials)}
    assert rows == {
        ("norm", "none"): (2, 2),
        ("norm", "before"): (0, 2),
        ("inputs", "normal"): (1, 2),
        ("inputs", "uniform"): (1, 2),
    }


def test_undecided_views_count_for_neither_side():
    trials = [Trial(claim="C2", levels={"norm": "none"}, held=held) for held in (True, True, None)]
    assert {one.claim: one.verdict for one in judge_grid(trials, "sensitivity")}["C2"] == "holds"
    [row] = tally_levels(trials)
    assert (row["views"], row["held"], row["undecided"]) == (2, 2, 1)
    undecided = [Trial(claim="C2", levels={"norm": "none"}, held=None)]
    assert {one.claim: one.verdict for one in judge_grid(undecided, "sensitivity")}["C2"] == "can't be told"


def test_over_a_grid_unanimity_holds_or_fails():
    trials = [Trial(claim=name, levels={"norm": "none"}, held=name == "C2") for name in ("C2", "C3")]
    verdicts = {one.claim: one.verdict for one in judge_grid(trials, "sensitivity")}
    assert (verdicts["C2"], verdicts["C3"], verdicts["C11"]) == ("holds", "fails", "holds")


def test_claims_are_tried_in_every_view(paper):
    trials = try_claims(paper, {"norm": "none"})
    assert len(trials) == len(CLAIMS) * 2 * 2
    assert {(one.levels["tolerance"], one.levels["centring"]) for one in trials} == {
        (tolerance, centring) for tolerance in SETTING.tolerances for centring in SETTING.centrings
    }


def test_the_figure_has_eight_curves_in_four_panels():
    points = load_figure1()
    assert {one.block for one in points} == set(BLOCKS)
    assert {one.activation for one in points} == set(PAPER_ACTIVATIONS)
    assert len({(one.block, one.activation, one.dimension_ratio) for one in points}) == len(points) == 285
    assert all(0 < one.average_rank_ratio < 1.01 for one in points)


def test_the_distance_is_the_mean_over_panels_of_the_mean_over_points():
    off = sample_of(lambda block, name, ratio: paper_curve(block, name, ratio) + 0.02 * BLOCKS.index(block))
    found = {one.block: one for one in distances(overlay(off))}
    assert [round(found[block].mean_absolute_distance, 3) for block in BLOCKS] == [0.0, 0.02, 0.04, 0.06]
    assert round(found["all"].mean_absolute_distance, 3) == 0.03
    assert found["conv1x1"].rank_correlation > 0.99
    assert found["all"].points == 285


def test_no_order_no_correlation(saturated):
    assert np.isnan({one.block: one for one in distances(overlay(saturated))}["conv1x1"].rank_correlation)


def test_pairing_takes_out_what_networks_share():
    shared = np.random.default_rng(0).normal(0, 1, (50, 1, 1))
    values = shared + np.zeros((50, 3, len(PAPER_ACTIVATIONS)))
    assert paired_errors(values, LayerSetting()).max() < 1e-12


def test_the_document_holds_every_cell_with_its_interval():
    setting = LayerSetting(networks=6, d_out=(8, 16), ratios=(0.25, 1.0), activations=("ReLU6", "SiLU"))
    sample = run_layers(setting)
    cells = cells_of(sample)
    assert len(cells) == 4 * 2 * 2 * len(columns_of(setting))
    [cell] = [
        one
        for one in cells
        if (one["block"], one["activation"], one["dimension_ratio"], one["metric"], one["centring"])
        == ("conv1x1", "SiLU", 0.25, "effective_rank", "centred")
    ]
    own = sample.column("conv1x1", "effective_rank", "centred")[:, 0]
    assert cell["mean"] == own[:, 1].mean()
    assert cell["difference"] == pytest.approx((own[:, 1] - own[:, 0]).mean())
    assert cell["low"] < cell["mean"] < cell["high"]
    part = describe(sample, "custom")
    assert [(row["block"], row["linear_bound"] <= row["bound"]) for row in part["bounds"]] == [
        (block, True) for block in BLOCKS for _ in setting.ratios
    ]
