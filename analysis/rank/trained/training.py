"""One training: stochastic gradient descent from a seed, then accuracy and spectrum on the test images."""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import cross_entropy

from analysis.rank.spectra.metrics import measure
from analysis.rank.spectra.stream import spectrum_of
from analysis.rank.spectra.torch_threads import torch_threads
from analysis.rank.trained.data import load_split
from analysis.rank.trained.run import Run
from rexnet_core.network import Network

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from analysis.rank.spectra.spectrum import Centring
    from analysis.rank.trained.data import Split
    from analysis.rank.trained.networks import TrainedNetwork
    from analysis.rank.trained.setting import TrainedSetting

#: Of the feature metrics in `Run`, the spectrum each is taken from.
_CENTRING: dict[str, Centring] = {
    "nuclear_norm": "uncentred",
    "nuclear_norm_per_root_row": "uncentred",
    "nuclear_over_largest": "uncentred",
    "effective_rank": "centred",
}
#: Keeps the maps of a pass over the test images in the cache.
_TEST_BATCH = 128


def train(planned: TrainedNetwork, setting: TrainedSetting, seed: int) -> Run:
    """The run of one network from one seed: the same numbers every time on the same machine and versions.

    A loss or feature that is not finite makes a failed run. torch's generator, threads and settings stay as they were.
    """
    split = load_split(setting, seed)
    with _settled(setting.threads, seed):
        model = Network(planned.config)
        epochs, loss = _fit(model, split, setting, seed)
        finished = epochs == setting.epochs
        found = _evaluate(model, split) if finished else {}
    failed = not all(map(math.isfinite, (*found.values(), loss)))
    reason = "" if finished and not failed else _reason(finished, epochs)
    return Run(
        network=planned.name,
        group=planned.group,
        seed=seed,
        params=planned.params,
        macs=planned.macs,
        status="failed" if reason else "ok",
        reason=reason,
        epochs=epochs,
        loss=loss,
        **({} if reason else found),
    )


def _reason(finished: bool, epochs: int) -> str:
    if finished:
        return "the features of the test images were not finite"
    return f"the loss was not finite in epoch {epochs + 1}"


def _fit(model: Network, split: Split, setting: TrainedSetting, seed: int) -> tuple[int, float]:
    """Whole epochs done, and the mean training loss of the last of them; fewer than asked once a loss isn't finite."""
    optimiser = torch.optim.SGD(
        model.parameters(),
        lr=setting.learning_rate,
        momentum=setting.momentum,
        weight_decay=setting.weight_decay,
    )
    images = len(split.train_labels)
    steps = setting.epochs * math.ceil(images / setting.batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    # A generator of its own: the initial weights of a wider network must not change the order of the images.
    order = torch.Generator().manual_seed(seed)
    mean_loss = math.nan
    model.train()
    for epoch in range(setting.epochs):
        total = 0.0
        for chosen in torch.split(torch.randperm(images, generator=order), setting.batch_size):
            optimiser.zero_grad()
            loss = cross_entropy(model(split.train_images[chosen]), split.train_labels[chosen])
            if not math.isfinite(loss.item()):
                return epoch, mean_loss
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            total += loss.item() * len(chosen)
        mean_loss = total / images
    return setting.epochs, mean_loss


def _evaluate(model: Network, split: Split) -> dict[str, float]:
    """Accuracy and feature metrics by their names in `Run`."""
    features = final_features(model, split.test_images)
    with torch.no_grad():
        right = model.classifier(features).argmax(dim=1) == split.test_labels
    rows = measure(spectrum_of(features), tolerances=())
    values = {(row.metric, row.centring): row.value for row in rows}
    found = {name: values[name, centring] for name, centring in _CENTRING.items()}
    return {"accuracy": right.double().mean().item(), **found}


@torch.no_grad()
def final_features(model: Network, images: Tensor) -> Tensor:
    """The pooled feature that the classifier reads, in eval mode, shape (N, w_features)."""
    model.eval()
    return torch.cat([model.pool(model.forward_features(batch)) for batch in torch.split(images, _TEST_BATCH)])


@contextmanager
def _settled(threads: int, seed: int) -> Iterator[None]:
    """That many threads, deterministic kernels and a seeded generator; afterwards all as it was."""
    deterministic = torch.are_deterministic_algorithms_enabled()
    with torch.random.fork_rng(devices=[]), torch_threads(threads):
        try:
            torch.use_deterministic_algorithms(True)
            torch.manual_seed(seed)
            yield
        finally:
            torch.use_deterministic_algorithms(deterministic)
