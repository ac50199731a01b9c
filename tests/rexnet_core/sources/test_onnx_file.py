"""ONNX files: what they tell, and each way in which one is refused."""

import io
import os
import pickle
import random
import re
import sys
import zipfile

import onnx
import pytest
from fuzzing import judge
from graph_files import make_onnx, make_tensor, put_outside, save_onnx, save_small, small_nodes
from mutations import edit
from onnx import TensorProto, helper

from rexnet_core.errors import InputError, UnsupportedModelError
from rexnet_core.sources.onnx_file import describe_onnx
from rexnet_core.sources.tensors import TensorSpec


def test_inputs_outputs_and_metadata_are_told(tmp_path):
    told = describe_onnx(save_small(tmp_path / "m.onnx", "N", License="MIT", classes='["cat", "dog"]'))
    assert told.inputs == (TensorSpec(name="x", shape=(None, 3, 8, 8), dtype="float32"),)
    assert told.outputs == (TensorSpec(name="y", shape=(None, 5), dtype="float32"),)
    assert (told.licence, told.producer, told.classes) == ("MIT", "by hand", ("cat", "dog"))


@pytest.mark.parametrize(
    ("text", "classes"),
    [("cat\ndog", ("cat", "dog")), ("", ()), ("[not json", ()), ("[" * 100_000, ()), ('["one", 2]', ("one", "2"))],
)
def test_classes_are_a_list_or_lines(tmp_path, text, classes):
    assert describe_onnx(save_small(tmp_path / "m.onnx", labels=text)).classes == classes


def test_initializers_among_the_inputs_are_no_inputs(tmp_path):
    nodes, tensors = small_nodes()
    inputs = [("x", (1, 3, 8, 8)), *((tensor.name, tuple(tensor.dims)) for tensor in tensors)]
    path = save_onnx(tmp_path / "m.onnx", nodes, tensors, inputs=inputs, outputs=[("y", (1, 5))])
    assert [spec.name for spec in describe_onnx(path).inputs] == ["x"]


def zipped():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("a", "b")
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "must hold a model; .* is empty"),
        (b"this is text, not a model\n" * 9, "whole ONNX model"),
        (pickle.dumps({"a": [1]}), "whole ONNX model"),
        (zipped(), "whole ONNX model"),
        (b"\x08\x07", "must hold a graph"),
    ],
)
def test_what_is_no_onnx_is_refused(tmp_path, content, line):
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(InputError, match=line):
        describe_onnx(path)


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"must be there.*No such file"):
        describe_onnx(tmp_path / "none.onnx")
    with pytest.raises(InputError, match="is a folder"):
        describe_onnx(tmp_path)
    os.mkfifo(tmp_path / "pipe.onnx")
    with pytest.raises(InputError, match="no plain file"):
        describe_onnx(tmp_path / "pipe.onnx")


def test_a_file_larger_than_protobuf_allows_is_refused_unread(tmp_path):
    path = tmp_path / "m.onnx"
    with path.open("wb") as file:
        file.truncate(2**31)
    with pytest.raises(InputError, match="2147483647 bytes at most"):
        describe_onnx(path)


def test_every_truncation_is_refused(tmp_path):
    whole = save_small(tmp_path / "m.onnx").read_bytes()
    path = tmp_path / "cut.onnx"
    for size in range(0, len(whole) - 1, 7):
        path.write_bytes(whole[:size])
        with pytest.raises(InputError):
            describe_onnx(path)


@pytest.mark.parametrize(
    "location", ["/etc/passwd", "../w.bin", "a/../../w.bin", "", "C:\\w.bin", "\\\\host\\w.bin", "a\\..\\w.bin", "a\0b"]
)
def test_weights_may_not_be_named_outside_of_the_folder(tmp_path, location):
    (tmp_path / "inner").mkdir()
    (tmp_path / "w.bin").write_bytes(bytes(432))
    with pytest.raises(InputError, match="must lie in the folder of their model"):
        describe_onnx(put_outside(tmp_path / "inner" / "m.onnx", location))


def test_a_link_may_not_lead_out_of_the_folder(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "w.bin").write_bytes(bytes(432))
    (tmp_path / "inner" / "w.bin").symlink_to(tmp_path / "w.bin")
    with pytest.raises(InputError, match="is a link that leads out of it"):
        describe_onnx(put_outside(tmp_path / "inner" / "m.onnx", "w.bin"))


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"offset": 16, "length": 432}, "needs 448 bytes of w.bin, which has 432"),
        ({"offset": 500}, "needs 432 bytes|needs 500 bytes|must be whole"),
        ({"length": 100}, "holds 25 elements"),
        ({"length": -1}, "whole offset and length"),
        ({"offset": "1e3"}, "whole offset and length"),
        ({"shape": (4, 3, 3, 3000)}, "declares .* holds 108 elements"),
    ],
)
def test_weights_beside_the_model_must_be_whole(tmp_path, options, line):
    (tmp_path / "w.bin").write_bytes(bytes(432))
    with pytest.raises(InputError, match=line):
        describe_onnx(put_outside(tmp_path / "m.onnx", "w.bin", **options))
    assert describe_onnx(put_outside(tmp_path / "m.onnx", "w.bin", length=432)).inputs


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(InputError, match=r"weights of stem.weight .*w.bin: No such file"):
        describe_onnx(put_outside(tmp_path / "m.onnx", "w.bin"))


def change_first(path, change):
    model = onnx.load(path)
    change(model.graph.initializer[0])
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize(
    ("dims", "line"),
    [
        ([2**40, 2**20], "declares .* holds 108 elements"),
        ([-1, 3], "real shapes"),
        ([1] * 100, "real shapes"),
        ([4, 3, 3, 4], "holds 108 elements"),
    ],
)
def test_a_tensor_may_not_declare_more_than_it_holds(tmp_path, dims, line):
    def widen(tensor):
        del tensor.dims[:]
        tensor.dims.extend(dims)

    with pytest.raises(InputError, match=line):
        describe_onnx(change_first(save_small(tmp_path / "m.onnx"), widen))


def test_a_bomb_in_an_inner_graph_is_found(tmp_path):
    large = TensorProto(data_type=TensorProto.FLOAT, dims=[2**40], name="large", raw_data=b"1234")
    body = helper.make_graph(
        [helper.make_node("Constant", [], ["z"], value=large)],
        "body",
        [],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, [2**40])],
    )
    nodes = [helper.make_node("If", ["flag"], ["y"], then_branch=body, else_branch=body)]
    flag = helper.make_tensor("flag", TensorProto.BOOL, [], [True])
    with pytest.raises(InputError, match=r"large of .* holds 1 elements"):
        describe_onnx(save_onnx(tmp_path / "m.onnx", nodes, [flag]))


def test_an_unknown_type_is_refused(tmp_path):
    def change(tensor):
        tensor.data_type = 99

    with pytest.raises(InputError, match="has type 99"):
        describe_onnx(change_first(save_small(tmp_path / "m.onnx"), change))


def test_numbers_smaller_than_a_byte_are_counted_by_bits(tmp_path):
    weight = helper.make_tensor("w", TensorProto.INT4, [5], [1, 2, 3, 4, 5])
    nodes = [helper.make_node("Identity", ["x"], ["y"])]
    assert describe_onnx(save_onnx(tmp_path / "m.onnx", nodes, [weight], opset=21)).inputs


def test_an_input_that_no_memory_holds_is_refused(tmp_path):
    nodes = [helper.make_node("Relu", ["x"], ["y"])]
    path = save_onnx(tmp_path / "m.onnx", nodes, inputs=[("x", (1, 3, 2**20, 2**20))])
    with pytest.raises(InputError, match=r"inputs may have .* at most"):
        describe_onnx(path)


def test_operators_of_others_are_unsupported_and_named(tmp_path):
    nodes = [helper.make_node("Swirl", ["x"], ["y"], domain="org.example")]
    path = save_onnx(tmp_path / "m.onnx", nodes, domains=["org.example"])
    with pytest.raises(UnsupportedModelError, match=r"has org\.example\.Swirl; export it without"):
        describe_onnx(path)


def test_functions_that_the_file_defines_itself_are_no_foreign_operators(tmp_path):
    twice = helper.make_function(
        "org.example",
        "Twice",
        ["a"],
        ["b"],
        [helper.make_node("Add", ["a", "a"], ["b"])],
        [helper.make_opsetid("", 17)],
    )
    model = make_onnx([helper.make_node("Twice", ["x"], ["y"], domain="org.example")], domains=["org.example"])
    model.functions.append(twice)
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    assert describe_onnx(tmp_path / "m.onnx").inputs


def test_a_model_that_the_checker_rejects_is_refused(tmp_path):
    path = save_onnx(tmp_path / "m.onnx", [helper.make_node("Relu", ["missing"], ["y"])])
    with pytest.raises(InputError, match="must hold a valid model"):
        describe_onnx(path)


def test_an_input_that_is_no_tensor_is_unsupported(tmp_path):
    model = make_onnx([helper.make_node("SequenceAt", ["s", "i"], ["y"])], [helper.make_tensor("i", 7, [], [0])])
    model.graph.input[0].CopyFrom(helper.make_tensor_sequence_value_info("s", TensorProto.FLOAT, [1]))
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(UnsupportedModelError, match=r"s of .* is sequence"):
        describe_onnx(tmp_path / "m.onnx")


def test_without_the_package_the_remedy_is_named(tmp_path, monkeypatch):
    path = save_small(tmp_path / "m.onnx")
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InputError, match=re.escape("pip install 'rexbench[onnx]'")):
        describe_onnx(path)


def test_damaged_files_are_refused_in_one_line_or_described(tmp_path):
    chance, whole = random.Random(3), save_small(tmp_path / "m.onnx").read_bytes()
    put_outside(tmp_path / "m.onnx", "w.bin")
    (tmp_path / "w.bin").write_bytes(bytes(432))
    both = [whole, (tmp_path / "m.onnx").read_bytes()]
    (tmp_path / "inner").mkdir()
    path = tmp_path / "inner" / "m.onnx"

    def attempt(content):
        path.write_bytes(content)
        return "described" if describe_onnx(path) else "nothing"

    outcomes = {judge(attempt, edit(chance, chance.choice(both))) for _ in range(200)}
    assert outcomes == {"refused", "described"}
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("old", [b"stem.weight", b"head.bias", b"by hand", b"Relu", b"w.bin"])
def test_a_name_that_is_no_text_is_refused(tmp_path, old):
    (tmp_path / "w.bin").write_bytes(bytes(432))
    path = put_outside(tmp_path / "m.onnx", "w.bin")
    path.write_bytes(path.read_bytes().replace(old, b"\xff" * len(old)))
    with pytest.raises(InputError, match="written in UTF-8"):
        describe_onnx(path)


def test_constants_need_no_names(tmp_path):
    nodes = [
        helper.make_node("Constant", [], ["two"], value=make_tensor("", (1,))),
        helper.make_node("Mul", ["x", "two"], ["y"]),
    ]
    assert describe_onnx(save_onnx(tmp_path / "m.onnx", nodes)).outputs[0].shape == (None,) * 4
