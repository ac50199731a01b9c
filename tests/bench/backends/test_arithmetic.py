"""What made-up processors can compute by themselves, and what is said of cases in int8 and bf16."""

from __future__ import annotations

import pytest

from bench.backends import instruction_sets
from bench.backends.arithmetic import examine_arithmetic, find_doubts
from bench.backends.instruction_sets import read_flags, read_processor
from bench.records.case import Case
from bench.records.measurement import Round
from bench.running.case_state import CaseState


@pytest.fixture
def write_cpuinfo(tmp_path, monkeypatch):
    monkeypatch.setattr(instruction_sets, "_CPUINFO", tmp_path / "cpuinfo")
    return (tmp_path / "cpuinfo").write_text


def made_case(precision="int8", device="cpu"):
    return Case(model="rexnet_1.0", resolution=64, batch=1, backend="openvino", precision=precision, device=device)


AVX2 = "processor\t: 0\nmodel name\t: flags: none\nflags\t\t: fpu sse2 avx avx2\n\nprocessor\t: 1\n"
VNNI = "flags\t\t: fpu sse2 avx2 avx512f avx512_vnni avx512_bf16\n"
AMX = "flags\t\t: fpu avx512f avx512_vnni avx512_bf16 amx_bf16 amx_tile amx_int8\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd asimddp i8mm bf16\n"


@pytest.mark.parametrize(
    ("cpuinfo", "int8", "bf16"),
    [
        (AVX2, "no INT8 arithmetic", "no bf16 arithmetic"),
        (VNNI, "INT8 arithmetic (avx512_vnni)", "(avx512_bf16) but no AMX: on the processor of this kind"),
        (AMX, "INT8 arithmetic (amx_int8, avx512_vnni)", "(amx_bf16, avx512_bf16): bf16 can be faster"),
        (ARM, "INT8 arithmetic (i8mm, asimddp)", "bf16 arithmetic (bf16): bf16 can"),
        ("processor\t: 0\nisa\t\t: rv64imafdcv\n", "does not tell", "does not tell"),
    ],
)
def test_each_precision_has_a_finding_with_what_follows(write_cpuinfo, cpuinfo, int8, bf16):
    write_cpuinfo(cpuinfo)
    findings = examine_arithmetic()
    assert [(finding.check, finding.level) for finding in findings] == [("int8", "ok"), ("bf16", "ok")]
    assert int8 in findings[0].found
    assert bf16 in findings[1].found


def test_a_row_in_int8_has_a_doubt_only_where_the_processor_is_known_to_lack_int8(write_cpuinfo):
    assert read_flags() is None
    assert not find_doubts(made_case())
    write_cpuinfo(AVX2)
    [doubt] = find_doubts(made_case())
    assert doubt.startswith("this processor has no INT8 arithmetic (VNNI or AMX, on ARM dot products), so that")
    assert not find_doubts(made_case("fp32"))
    assert not find_doubts(made_case(device="cuda"))
    write_cpuinfo(VNNI)
    assert not find_doubts(made_case())


def test_the_doubt_is_a_note_of_the_row(write_cpuinfo, tmp_path):
    write_cpuinfo(AVX2)
    state = CaseState(made_case(), tmp_path, executor=None, prepare=None)
    assert state.measurement("").notes == ()
    state.rounds.append(Round(turns_s=((0.01,),), phases_s={}))
    assert any("no INT8 arithmetic" in note for note in state.measurement("").notes)


def test_the_widest_vectors_are_read_from_the_same_flags(write_cpuinfo):
    write_cpuinfo(AVX2)
    assert read_processor() == "AVX2"
    write_cpuinfo(ARM)
    assert read_processor() is None
