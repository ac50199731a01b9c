"""Whose names the classes have."""

import pytest

from analysis.prediction.names import choose_names
from rexnet_core.class_names import imagenet_classes
from rexnet_core.errors import InputError

SYNSETS = [one.synset for one in imagenet_classes()]


def test_a_file_goes_before_the_checkpoint_and_that_before_imagenet(tmp_path):
    file = tmp_path / "names.txt"
    file.write_text("crane\ncrane\nsea/lake\n")
    assert [one.name for one in choose_names(3, "abc", file).classes] == ["crane", "crane", "sea/lake"]
    own = choose_names(3, "abc", None)
    assert (own.source, own.describe(1)) == ("the model's own", {"name": "b", "short_name": "b", "synset": ""})
    assert choose_names(1000, (), None).describe(134)["short_name"] == "crane (n02012849)"


def test_a_model_without_names_has_numbers_and_the_answer_says_why():
    unnamed = choose_names(12, (), None)
    assert unnamed.describe(3) == {"name": "", "short_name": "", "synset": ""}
    assert unnamed.source == "none: the model has 12 classes and no names for them; --classes-file gives them"
    other = choose_names(12, "abc", None)
    assert other.source == "none: the model lists 3 names for 12 classes; --classes-file gives them"


def test_ids_of_imagenet_stand_for_its_names(tmp_path):
    shuffled = SYNSETS[::-1]
    names = choose_names(1000, shuffled, None)
    assert names.source == "ImageNet's 1000, by ids: the model's own"
    assert names.describe(999)["name"] == "tench, Tinca tinca"
    some = tmp_path / "ids.txt"
    some.write_text("n01440764 my tench, and more\nn01443537 my goldfish\n")
    listed = choose_names(2, (), some)
    assert listed.source == str(some)
    assert listed.describe(0) == {"name": "my tench, and more", "short_name": "my tench", "synset": "n01440764"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"a\nb\n", "which has 3; .* names 2; name each on a line"),
        (b"a\n\nb\n", ":2: a line must hold the name of a class, this one is empty"),
        (b"", "names no class"),
        (b"\xff\xfe", "must be UTF-8"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path, text, message):
    file = tmp_path / "names.txt"
    file.write_bytes(text)
    with pytest.raises(InputError, match=message):
        choose_names(3, (), file)
