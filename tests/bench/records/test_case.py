"""A case that may have a model from elsewhere."""

from bench.records.case import Case, name_shape

OURS = Case(model="rexnet_1.0", resolution=224, batch=1, backend="eager")
GUEST = Case(
    model="net.onnx",
    resolution=48,
    batch=8,
    backend="openvino",
    source="onnx",
    fingerprint="sha256:0",
    shape="3x48x192",
)


def test_a_worker_of_an_earlier_build_is_told_nothing_new_of_a_case_that_it_can_run():
    assert set(OURS.as_message()) == set(OURS.as_dict()) - {
        *("source", "fingerprint", "shape", "calibration", "arrivals", "pictures")
    }
    assert GUEST.as_message()["shape"] == "3x48x192"
    assert Case(**OURS.as_message()) == OURS
    assert Case(**GUEST.as_message()) == GUEST


def test_a_shape_stands_where_a_side_says_too_little():
    assert OURS.input_shapes == ((3, 224, 224),)
    assert GUEST.input_shapes == ((3, 48, 192),)
    assert GUEST.id == "net.onnx-3x48x192-b8-openvino"
    assert GUEST.describe() == "net.onnx 3x48x192 batch 8 openvino"
    assert name_shape(((3, 64, 64),)) == (64, "")
    assert name_shape(((1, 64, 64),)) == (64, "1x64x64")
    assert name_shape(((3, 64, 64), (10,))) == (64, "3x64x64,10")
    assert name_shape(((512,),)) == (512, "512")


def test_models_that_changed_under_their_names_are_not_divided_by_one_another():
    other = Case(**{**GUEST.as_dict(), "fingerprint": "sha256:1"})
    assert other.match != GUEST.match
    assert other.terms == GUEST.terms
