"""`rexbench complexity` with other numbers of classes and channels."""

import pytest

from analysis.complexity import count


@pytest.mark.parametrize("way", [(), ("--trace",)])
def test_classes_and_channels_are_those_asked_for(call, way):
    words = ("complexity", "rexnet_1.0", "--num-classes", "10", "--in-channels", "1", "--json", *way)
    document = call(*words).document
    cost = count("rexnet_1.0", num_classes=10, in_channels=1)
    assert (document["params"], document["macs"]) == (cost.params, cost.macs)
    assert cost.params == count("rexnet_1.0").params - 990 * 1281 - 2 * 9 * 32


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--num-classes", "0"), "num_classes must be a whole number from 1"),
        (("--in-channels", "-1"), "in_channels must be a whole number from 1"),
        (("--num-classes", "10", "--convention", "thop"), "--convention counts models as they are registered"),
        (("--in-channels", "1", "--convention", "all"), "--convention counts models as they are registered"),
    ],
)
def test_what_cannot_be_counted_is_refused(call, option, message):
    code, out, err = call("complexity", "rexnet_1.0", *option)
    assert (code, out) == (2, "")
    assert message in err
