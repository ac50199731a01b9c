"""``rexbench complexity --convention``: one count with its meaning, or all of them side by side."""

import csv
import io
import json

import pytest

from analysis.complexity.conventions import CONVENTIONS


def test_the_text_says_what_is_counted_what_is_not_and_who_counts_so(call):
    code, out, err = call("complexity", "rexnet_1.0", "--convention", "ptflops")
    assert (code, err) == (0, "")
    assert out == (
        """\
rexnet_1.0 at 224 x 224: 420151443 multiply-adds and operations (ptflops 0.7.5)
counts       multiply-adds and biases of convolutions and linear layers, 2 per element of batch
             norm, 1 per activation (ReLU: 2, it is met twice), 2 per element pooled; matrix
             products, sums and products that are called by name
leaves out   operators between modules: additions, products, means
source       sovrasov/flops-counter.pytorch 0.7.5, engine pytorch

           operator       group    amount  percent
             Conv2d convolution 397099347   94.513
        BatchNorm2d  batch norm  14862878    3.538
               silu  activation   4305826    1.025
              ReLU6  activation   2475578    0.589
             Linear      linear   1281000    0.305
  AdaptiveAvgPool2d     pooling     62720    0.015
adaptive_avg_pool2d     pooling     62720    0.015
               ReLU  activation       687    0.000
               relu  activation       687    0.000

not counted  mean x13, mul x13, sigmoid x13, add x11
"""
    )


def test_where_nothing_was_passed_over_the_text_says_so(call):
    _, out, _ = call("complexity", "rexnet_1.0", "--convention", "params")
    assert out.endswith("not counted  nothing that ran\n")


def test_the_document_has_parts_that_sum_to_the_total(call):
    words = ["rexnet_1.0", "--resolution", "96", "--convention", "thop", "--json"]
    document = call("complexity", *words).document
    assert list(document) == [
        *("model", "resolution", "convention", "unit", "total", "operators", "groups", "uncounted")
    ]
    assert (document["model"], document["resolution"], document["convention"]) == ("rexnet_1.0", 96, "thop")
    assert sum(document["operators"].values()) == sum(document["groups"].values()) == document["total"]
    layers = call("complexity", *words, "--per-layer").document["layers"]
    assert set(layers[0]) == {"layer", "operator", "group", "amount"}
    assert sum(layer["amount"] for layer in layers) == document["total"]


@pytest.mark.parametrize("more", [[], ["--per-layer"]])
def test_rows_sum_to_the_total_too(call, more):
    _, out, _ = call("complexity", "rexnet_1.0", "--convention", "thop_0.0.31", "--csv", "-", *more)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert sum(int(row["amount"]) for row in rows) == 413_306_225
    assert {row["convention"] for row in rows} == {"thop_0.0.31"}


def test_per_layer_text_names_the_layers(call):
    _, out, _ = call("complexity", "rexnet_1.0", "--convention", "macs", "--per-layer")
    assert out.startswith("rexnet_1.0 at 224 x 224: 398370392 multiply-adds\n")
    assert "stages.5.3.body.project.conv" in out
    assert "not counted  batch_norm x62, silu x17" in out


def test_all_gives_one_row_a_convention(call, tmp_path):
    rows = tmp_path / "rows.csv"
    code, out, err = call("complexity", "rexnet_1.0", "--convention", "all", "--json", "--csv", str(rows))
    assert (code, err) == (0, "")
    document = json.loads(out)
    totals = {one["convention"]: one["total"] for one in document["counts"]}
    assert list(totals) == list(CONVENTIONS)
    assert totals["two_per_mac"] == totals["torch"] == 2 * totals["macs"] == 796_740_784
    with rows.open(encoding="utf-8") as lines:
        listed = list(csv.DictReader(lines))
    assert {row["convention"]: int(row["total"]) for row in listed} == totals
    assert {row["quantity"] for row in listed} == {"operations", "parameters"}


def test_help_names_every_convention(call):
    assert ",".join(CONVENTIONS) in "".join(call("complexity --help").out.split())
