"""ImageNet's class names against those of two libraries."""

import pytest

from rexnet_core.class_names import imagenet_classes
from rexnet_core.sources.torchvision_import import import_torchvision


def test_there_are_1000_classes_in_the_order_of_their_ids():
    classes = imagenet_classes()
    synsets = [one.synset for one in classes]
    assert len(classes) == 1000
    assert synsets == sorted(set(synsets))
    assert (classes[0].synset, classes[0].name, classes[0].short_name) == ("n01440764", "tench, Tinca tinca", "tench")
    assert (classes[-1].synset, classes[-1].short_name) == ("n15075141", "toilet tissue")


def test_short_names_tell_all_classes_apart():
    names = [one.short_name for one in imagenet_classes()]
    assert len(set(names)) == 1000
    assert [name for name in names if "(" in name] == [
        "crane (n02012849)",
        "crane (n03126707)",
        "maillot (n03710637)",
        "maillot (n03710721)",
    ]


@pytest.fixture
def torchvision():
    try:
        return import_torchvision()
    except ImportError:
        pytest.skip("torchvision is not installed")


@pytest.mark.usefixtures("torchvision")
def test_ids_and_names_are_those_of_timm():
    data = pytest.importorskip("timm.data", reason="timm is not installed")
    info = data.ImageNetInfo("imagenet-1k")
    assert info.label_names() == [one.synset for one in imagenet_classes()]
    assert [info.index_to_description(index) for index in range(1000)] == [one.name for one in imagenet_classes()]


def test_names_are_those_of_torchvision_but_for_two_that_it_tells_apart_itself(torchvision):
    categories = torchvision.models.resnet.ResNet18_Weights.DEFAULT.meta["categories"]
    others = [
        (theirs, ours.synset)
        for theirs, ours in zip(categories, imagenet_classes(), strict=True)
        if theirs != ours.name.partition(", ")[0]
    ]
    assert others == [("crane bird", "n02012849"), ("maillot tank suit", "n03710721")]
