import json

from analysis.complexity import as_dict, count, layer_rows, model_rows, trace
from analysis.complexity.frame import LAYER_COLUMNS, MODEL_COLUMNS


def test_the_document_is_json_with_the_keys_others_rely_on():
    document = json.loads(json.dumps(as_dict(count("rexnet_1.0"))))
    assert document == {
        "model": "rexnet_1.0",
        "resolution": 224,
        "params": 4_796_873,
        "params_folded": 4_775_497,
        "macs": 398_370_392,
        "activations": 7_440_707,
        "traffic_bytes": 78_979_996,
    }


def test_layers_are_in_it_when_asked_for_and_sum_to_the_totals():
    document = as_dict(count("rexnet_1.0"), per_layer=True)
    assert list(document["layers"][0]) == list(LAYER_COLUMNS)
    assert document["layers"][0]["out_shape"] == [1, 32, 112, 112]
    for total in ("params", "params_folded", "macs", "activations", "traffic_bytes"):
        assert sum(layer[total] for layer in document["layers"]) == document[total]


def test_rows_for_csv_carry_the_same_names():
    cost = count("rexnet_1.0")
    assert list(model_rows([cost])[0]) == list(MODEL_COLUMNS)
    first = layer_rows(cost)[0]
    assert list(first) == ["model", "resolution", *LAYER_COLUMNS]
    assert (first["model"], first["layer"], first["out_shape"]) == ("rexnet_1.0", "stem.conv", "1x32x112x112")


def test_a_traced_cost_says_what_it_left_out():
    traced, counted = as_dict(trace("rexnet_plain"), per_layer=True), as_dict(count("rexnet_plain"), per_layer=True)
    assert traced.pop("uncounted") == ["batch_norm x27", "silu x14", "mean x1"]
    assert traced == counted
