"""Models of all families of timm at a small side: described, counted, exported and compared.

It takes the better part of an hour on two cores, for each model is prepared and run in processes of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bench.census.census import run_census
from bench.census.setting import CensusSetting, find_models
from bench.planning.presets import PAIR_BACKENDS
from bench.workers.executor import ProcessExecutor

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Of each family a small one.
MODELS = [
    "beit_base_patch16_224",
    "cait_xxs24_224",
    "coat_tiny",
    "coatnet_nano_rw_224",
    "convit_tiny",
    "convmixer_768_32",
    "convnext_atto",
    "crossvit_tiny_240",
    "cspdarknet53",
    "davit_tiny",
    "deit_tiny_distilled_patch16_224",
    "densenet121",
    "dla34",
    "dpn68",
    "edgenext_xx_small",
    "efficientformer_l1",
    "efficientformerv2_s0",
    "efficientnet_lite0",
    "eva02_tiny_patch14_224",
    "fastvit_t8",
    "focalnet_tiny_srf",
    "ghostnet_100",
    "hardcorenas_a",
    "hrnet_w18_small",
    "inception_v3",
    "levit_128s",
    "maxvit_pico_rw_256",
    "mixer_s32_224",
    "mobilenetv3_small_050",
    "mobilevit_xxs",
    "nfnet_l0",
    "pit_ti_224",
    "poolformer_s12",
    "pvt_v2_b0",
    "regnety_002",
    "repvgg_a0",
    "resnet18",
    "rexnet_100",
    "swin_tiny_patch4_window7_224",
    "tiny_vit_5m_224",
    "vgg11",
    "visformer_tiny",
    "vit_tiny_patch16_224",
    "volo_d1_224",
    "xcit_nano_12_p16_224",
]
SETTING = CensusSetting(models=tuple(f"timm:{name}" for name in MODELS), backends=PAIR_BACKENDS)


@pytest.mark.extra
@pytest.mark.benchmark(group="census")
def test_small_models_of_all_families_work(benchmark: Any) -> None:
    pytest.importorskip("timm")
    models = find_models(SETTING)
    study = benchmark.pedantic(
        run_census, (SETTING, models), {"executor": ProcessExecutor(), "keep": lambda _study: None}, rounds=1
    )
    rows: Sequence[dict[str, Any]] = study.payload["rows"]
    assert len(rows) == 2 * len(models)
    assert [(row["model"], row["backend"], row["reason"]) for row in rows if row["status"] != "ok"] == []
    assert [row["model"] for row in rows if row["macs"] is None] == []
    assert [row["model"] for row in rows if row["gmacs_verdict"] == "contradicted"] == []
    benchmark.extra_info.update(models=len(models), own_side=sum(bool(row["refused"]) for row in rows) // 2)
