import pytest
import torch

from analysis.complexity import count
from analysis.complexity.conventions import count_under
from analysis.published.document import EXPLORED, make_document
from analysis.published.gather import (
    conventions_for,
    count_with_statistics,
    fill_cache,
    open_cache,
    total_from,
)
from analysis.published.timm_index import TIMM_INDEX
from rexnet_core import create_model
from rexnet_core.errors import InputError

KEYS = [(model, 64, name) for model in ("rexnet_1.0", "mobilenet_v2_1.0") for name in ("macs", "params", "thop")]

pytestmark = pytest.mark.survival


def told(cache):
    return {key: cache.count(key[2], key[0], key[1]) for key in KEYS}


def test_processes_count_what_one_counts():
    one, two = open_cache(None), open_cache(None)
    seen = []
    fill_cache(one, KEYS, jobs=1, progress=lambda done, of: seen.append((done, of)))
    fill_cache(two, KEYS, jobs=2)
    assert all(cache.knows(name, model, side) for cache in (one, two) for model, side, name in KEYS)
    assert told(one) == told(two)
    assert one.count("macs", "rexnet_1.0", 64).total == count("rexnet_1.0", 64).macs
    assert seen == [(0, 2), (1, 2), (2, 2)]


def test_what_the_cache_has_is_not_counted_again():
    cache = open_cache(None)
    fill_cache(cache, KEYS, jobs=1)
    seen = []
    fill_cache(cache, KEYS, jobs=2, progress=lambda *step: seen.append(step))
    assert seen == []


def test_timm_index_is_asked_for_the_families_it_is_known_for():
    assert TIMM_INDEX in conventions_for("rexnet_1.0")
    assert TIMM_INDEX not in conventions_for("rexnet_lite_1.0")


@pytest.fixture(scope="module")
def document(make_row):
    rows = [make_row("rexnet_1.0", "flops", "0.40", "G"), make_row("rexnet_1.0", "params", "4.9", "M")]
    return make_document(rows, open_cache(None), explored=("rexnet_1.0",)).payload


def test_a_document_has_verdicts_counts_and_who_uses_what(document):
    assert document["counts"]["reproduced"] == document["counts"]["contradicted"] == 1
    assert document["by_source"] == [{"source": "A paper", "rows": 2, **document["counts"]}]
    assert [(row["printed"], row["ours"]) for row in document["rows"]] == [("0.40", 398_370_392), ("4.9", 4_796_873)]
    assert document["uses"][0] == {
        "source": "A paper",
        "metric": "flops",
        "convention": "macs",
        "rows": 1,
        "reproduced": 1,
    }
    names = {one["name"] for one in document["conventions"]}
    assert names == {*conventions_for("rexnet_1.0")}


def test_the_explorer_holds_every_convention_and_each_sums_to_its_total(document):
    explored = {one["convention"]: one for one in document["explorer"]}
    assert list(explored) == list(conventions_for("rexnet_1.0"))
    for one in explored.values():
        assert sum(one["groups"].values()) == sum(one["operators"].values()) == one["total"]
    assert explored["openvino_preprocessed"]["total"] == 832_501_592
    assert (explored[TIMM_INDEX]["height"], explored[TIMM_INDEX]["width"]) == (224, 285)
    assert explored["params"]["quantity"] == "parameters"


def test_the_explored_models_are_registered(make_row):
    assert len(set(EXPLORED)) == len(EXPLORED)
    with pytest.raises(InputError, match="unknown model"):
        make_document([make_row("rexnet_1.0", "flops", "0.40", "G")], open_cache(None), explored=("resnet50",))


@pytest.mark.parametrize("model", ["rexnet_1.0", "mobilenet_v2_1.0", "efficientnet_b0", "rexnet_plain"])
def test_parameters_with_statistics_follow_from_the_config(model):
    with torch.device("meta"):
        state = create_model(model).state_dict()
    numbers = sum(tensor.numel() for name, tensor in state.items() if not name.endswith("num_batches_tracked"))
    counted = count_under("params_with_statistics", model, 64)
    assert counted.total == count_with_statistics(model, 64) == numbers
    assert total_from(open_cache(None))("params_with_statistics", model, 64) == numbers
    assert counted.total - counted.by_group()["batch norm"] < count(model, 64).params
