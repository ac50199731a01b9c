"""The instruction set that kernels really use is read back, and told where the processor offers a wider one.

Of the same kind, and held here: torch's own kernels, those that inductor writes, oneDNN's limit, and the names of the
kernels that oneDNN and OpenVINO ran.
"""

from __future__ import annotations

import pytest

from bench.backends.instruction_sets import describe, find_shortfalls, read_verbose, widest

VERBOSE = """\
onednn_verbose,v1,info,oneDNN v3.12.0 (commit 80afa71049cd69a3df32adcccb623b12cd7baa22)
onednn_verbose,v1,info,cpu,isa:Intel AVX2
onednn_verbose,v1,primitive,info,template:operation,engine,primitive,implementation,prop_kind,memory_descriptors
onednn_verbose,v1,primitive,exec,cpu,convolution,jit_dw:avx2,forward_training,src:f32::blocked:acdb::f0 wei:f32,,,x,0.01
onednn_verbose,v1,primitive,exec,cpu,reorder,jit:uni,undef,src:f32::blocked:abcd::f0,,,8x3x3x3,0.003
onednn_verbose,primitive,exec,cpu,convolution,brgconv:avx2,forward_inference,src:f32,,,x,0.01
"""


@pytest.mark.parametrize(
    ("name", "width"),
    [
        ("DEFAULT", "SSE"),
        ("AVX2", "AVX2"),
        ("AVX512", "AVX-512"),
        ("avx512", "AVX-512"),
        ("Intel SSE4.1", "SSE"),
        ("Intel AVX", "AVX"),
        ("Intel AVX-512 with Intel DL Boost", "AVX-512"),
        ("Intel AVX10.1 and Intel AMX with bfloat16 and 8-bit integer support", "AVX-512"),
        ("jit_dw:avx512_core", "AVX-512"),
        ("brgconv_avx512_f32", "AVX-512"),
        ("jit_avx2_FP32", "AVX2"),
        ("jit_sse42_FP32", "SSE"),
        ("jit:uni", None),
        ("unknown_f32", None),
        ("asimd", None),
    ],
)
def test_every_runtime_names_its_instruction_sets_in_its_own_way(name, width):
    assert widest([name]) == width


def test_what_onednn_writes_has_its_limit_and_its_kernels():
    assert read_verbose(VERBOSE) == {
        "onednn_isa": "Intel AVX2",
        "kernels": ["brgconv:avx2", "jit:uni", "jit_dw:avx2"],
    }
    assert read_verbose("") == {}


@pytest.mark.parametrize(
    ("details", "shortfalls"),
    [
        ({"isa": "AVX512", "kernels": ["jit_dw:avx512_core"]}, []),
        ({"isa": "DEFAULT"}, ["torch's own kernels use SSE at most, and this processor has AVX-512"]),
        ({"inductor_isa": "avx2"}, ["inductor's kernels use AVX2 at most, and this processor has AVX-512"]),
        ({"onednn_isa": "Intel AVX2"}, ["oneDNN uses AVX2 at most, and this processor has AVX-512"]),
        ({"kernels": ["jit_avx2_f32"]}, ["the kernels that ran use AVX2 at most, and this processor has AVX-512"]),
        ({"kernels": ["unknown_f32"]}, []),
        ({}, []),
    ],
)
def test_narrower_vectors_than_the_processor_offers_are_told(details, shortfalls):
    assert find_shortfalls({"processor_isa": "AVX-512", **details}) == shortfalls
    assert find_shortfalls({**details, "processor_isa": None}) == []


def test_what_is_used_is_described():
    assert describe({"isa": "AVX512", "inductor_isa": "avx512", "kernels": ["jit_dw:avx2"]}) == (
        "AVX512; avx512; kernels AVX2"
    )
    assert describe({}) == ""
