"""The envelope of studies, and the stored documents that it must read."""

import json

import pytest

from analysis.study import Study
from rexnet_core.errors import InputError


def test_a_study_survives_being_stored():
    study = Study(kind="network", settings={"seed": 1}, stopped=True, payload={"models": [{"model": "rexnet_1.0"}]})
    assert Study.from_dict(json.loads(json.dumps(study.as_dict()))) == study


def test_the_envelope_lies_beside_the_keys_of_the_payload():
    assert Study(kind="compare", payload={"rows": [1], "samples": [2]}).as_dict() == {
        "kind": "compare",
        "format_version": 1,
        "stopped": False,
        "rows": [1],
        "samples": [2],
    }


def test_an_answer_has_no_raw_samples():
    assert "samples" not in Study(kind="compare", payload={"rows": [1], "samples": [2]}).as_answer()


@pytest.mark.parametrize(
    ("document", "study"),
    [
        (
            {"format": "rexbench-published", "format_version": 1, "kind": "published", "rows": []},
            Study(kind="published", payload={"rows": []}),
        ),
        (
            {"format": 1, "kind": "layers", "protocols": [], "stopped": True},
            Study(kind="layers", stopped=True, payload={"protocols": []}),
        ),
        (
            {"format": 1, "kind": "network", "setting": {"seed": 2}, "models": []},
            Study(kind="network", settings={"seed": 2}, payload={"models": []}),
        ),
        (
            {"kind": "selftest", "format_version": 1, "rounds": 10, "stopped": False},
            Study(kind="selftest", payload={"rounds": 10}),
        ),
    ],
)
def test_documents_from_before_the_envelope_are_read(document, study):
    assert Study.from_dict(document) == study


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"format": 1}, "must name its kind, got None; run the study again"),
        ({"kind": "layers"}, "must have a whole number as format_version, got None; run the study again"),
        ({"kind": "layers", "format_version": 0}, "got 0"),
    ],
)
def test_what_is_not_a_study_is_refused_in_a_line(document, message):
    with pytest.raises(InputError, match=message):
        Study.from_dict(document)
