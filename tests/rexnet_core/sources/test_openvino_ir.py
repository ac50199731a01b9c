"""OpenVINO IR: what it tells, and each way in which it is refused."""

import os
import random

import numpy as np
import pytest
from fuzzing import judge
from mutations import edit

from rexnet_core.errors import InputError, UnsupportedModelError
from rexnet_core.sources.openvino_ir import describe_ir
from rexnet_core.sources.tensors import TensorSpec

openvino = pytest.importorskip("openvino")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder with an IR of two inputs and two outputs, one convolution and metadata."""
    from openvino import opset13 as ops  # noqa: PLC0415

    image = ops.parameter([-1, 3, 8, -1], np.float32, name="image")
    scale = ops.parameter([1], np.float16, name="scale")
    weight = ops.constant(np.full((4, 3, 3, 3), 0.5, np.float32))
    conv = ops.convolution(image, weight, [1, 1], [1, 1], [1, 1], [1, 1])
    scaled = ops.multiply(conv, ops.convert(scale, "f32"))
    scaled.output(0).get_tensor().set_names({"a,b"})
    model = openvino.Model([ops.result(scaled), ops.result(ops.relu(conv))], [image, scale], "small")
    model.set_rt_info("Apache-2.0", ["model_info", "license"])
    model.set_rt_info("cat dog", ["model_info", "labels"])
    folder = tmp_path_factory.mktemp("ir")
    openvino.save_model(model, folder / "m.xml", compress_to_fp16=False)
    return folder


@pytest.fixture
def ir(saved, tmp_path):
    """A copy of it, in a folder of its own."""
    (tmp_path / "inner").mkdir()
    for name in ("m.xml", "m.bin"):
        (tmp_path / "inner" / name).write_bytes((saved / name).read_bytes())
    return tmp_path / "inner" / "m.xml"


def replace(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path


def test_inputs_outputs_and_metadata_are_told(ir):
    told = describe_ir(ir)
    assert told.inputs == (
        TensorSpec(name="image", shape=(None, 3, 8, None), dtype="float32"),
        TensorSpec(name="scale", shape=(1,), dtype="float16"),
    )
    assert [(spec.shape, spec.dtype) for spec in told.outputs] == [((None, 4, 8, None), "float32")] * 2
    assert told.outputs[0].name == "a,b"
    assert (told.licence, told.classes) == ("Apache-2.0", ("cat", "dog"))
    assert told.producer == ""


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "is empty"),
        (b"not xml", "plain XML"),
        (b"<net version='11'>", "plain XML"),
        (b"<html/>", "of version 10 or later; .* is <html"),
        (b"<net version='9'/>", "of version 10 or later"),
        (b"<net version='1e9'/>", "of version 10 or later"),
        (b"<!DOCTYPE net [<!ENTITY a 'aaaa'>]><net version='11'>&a;</net>", "declares a document type"),
        (b"<!DOCTYPE net SYSTEM 'file:///etc/passwd'><net version='11'/>", "declares a document type"),
        (b"<a>" * 300, "nested more than 200 deep"),
        (b"<?xml version='1.0' encoding='none'?><net/>", "plain XML"),
        (b"\x80\x04\x95pickle", "plain XML"),
    ],
)
def test_what_is_no_ir_is_refused(tmp_path, content, line):
    (tmp_path / "m.xml").write_bytes(content)
    with pytest.raises(InputError, match=line):
        describe_ir(tmp_path / "m.xml")


def test_a_large_document_is_refused_unread(tmp_path):
    with (tmp_path / "m.xml").open("wb") as file:
        file.truncate(2**27)
    with pytest.raises(InputError, match="67108864 bytes at most"):
        describe_ir(tmp_path / "m.xml")


def test_the_weights_must_be_there_and_whole(ir):
    weights = ir.with_suffix(".bin")
    content = weights.read_bytes()
    weights.write_bytes(content[:-1])
    with pytest.raises(InputError, match=f"needs {len(content)} bytes of m.bin, which has {len(content) - 1}"):
        describe_ir(ir)
    weights.unlink()
    with pytest.raises(InputError, match=r"the weights of an OpenVINO IR must be there; .*m\.bin"):
        describe_ir(ir)
    os.mkfifo(weights)
    with pytest.raises(InputError, match="no plain file"):
        describe_ir(ir)


def test_a_link_may_not_lead_out_of_the_folder(ir):
    weights = ir.with_suffix(".bin")
    outside = weights.rename(ir.parent.parent / "w.bin")
    weights.symlink_to(outside)
    with pytest.raises(InputError, match="is a link that leads out of it"):
        describe_ir(ir)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('shape="4, 3, 3, 3"', 'shape="4, 3, 3, 3000000000"', "declares 4, 3, 3, 3000000000 of f32 in 432 bytes"),
        ('offset="0"', 'offset="-1"', "whole numbers"),
        ('size="432"', 'size="9999999999999999999999"', "whole numbers"),
        ('shape="4, 3, 3, 3"', 'shape="4, x"', "whole numbers"),
        ('<edge from-layer="', '<edge from-layer="9', "nothing leads to the output"),
        ('shape="?,3,8,?"', 'shape="1,3,1000000,1000000"', "inputs may have"),
    ],
)
def test_what_the_document_declares_must_be_there(ir, old, new, line):
    with pytest.raises(InputError, match=line):
        describe_ir(replace(ir, old, new))


def test_operators_of_others_are_unsupported_and_named(ir):
    path = replace(ir, 'type="ReLU" version="opset1"', 'type="Swirl" version="extension"')
    with pytest.raises(UnsupportedModelError, match="has Swirl"):
        describe_ir(path)


def test_an_input_without_rank_is_unsupported(ir):
    with pytest.raises(UnsupportedModelError, match=r"image of .* has none"):
        describe_ir(replace(ir, 'shape="?,3,8,?"', 'shape="..."'))


def test_damaged_documents_are_refused_in_one_line_or_described(ir):
    chance, whole = random.Random(5), ir.read_bytes()

    def attempt(content):
        ir.write_bytes(content)
        return "described" if describe_ir(ir) else "nothing"

    assert {judge(attempt, edit(chance, whole)) for _ in range(200)} == {"refused", "described"}
