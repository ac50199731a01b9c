"""What an export can be asked for."""

import pytest

from analysis.classifiers.setting import ClassifierSetting
from bench.exporting.setting import make_setting
from rexnet_core.errors import InputError


def make(model="rexnet_1.0", **given):
    return make_setting(ClassifierSetting(model=model, threads=1), {"to": "ir", "out": "out", **given})


def test_a_profile_gives_the_form_of_its_publisher_and_the_call_goes_first():
    setting = make("regnetx_3.2gf", like="open-model-zoo", input_type="uint8")
    assert (setting.input_name, setting.output_name, setting.input_order) == ("data", "prob", "bgr")
    assert (setting.input_type, setting.input_layout) == ("uint8", "nchw")
    assert make(like="open-model-zoo").input_name == "input.1"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"to": "onnx", "precision": "fp16"}, "--precision fp16 is for --to ir, not onnx"),
        ({"to": "pt2", "precision": "int8"}, "--precision int8 is for --to ir and onnx, not pt2"),
        ({"to": "onnx", "precision": "int8", "batch": "dynamic"}, "takes a fixed number of pictures; give --batch 1"),
        ({"batch": "0"}, "--batch must be dynamic or from 1 to 1024; got '0'"),
        ({"batch": "٣"}, "--batch must be dynamic"),
        ({"mean_values": "1,2"}, "--mean-values takes a number for red, green and blue"),
        ({"mean_values": "nan,2,3"}, "--mean-values takes a number for red, green and blue"),
        ({"scale_values": "1,0,1"}, "--scale-values must be above 0"),
        ({"input_name": "a,b"}, "--input-name takes a name of up to 100 characters without commas"),
        ({"output_name": ""}, "--output-name takes a name of printable ASCII characters"),
        ({"output_name": "input"}, "input and output need two names; both are 'input'"),
        ({"to": "tflite"}, "tflite"),
        ({"like": "keras"}, "keras"),
        ({"like": "open-model-zoo", "model": "rexnet_2.0"}, "is for rexnet_1.0 and regnetx_3.2gf, not rexnet_2.0"),
    ],
)
def test_what_can_not_be_is_refused_in_one_line(given, message):
    with pytest.raises(InputError, match=message):
        make(**given)
