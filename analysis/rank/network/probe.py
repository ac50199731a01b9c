"""Spectra of a network's layer outputs on images: any module, one pass, memory that does not grow with the images."""

from __future__ import annotations

import copy
from contextlib import ExitStack, contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from analysis.rank.network.hooks import Gatherer
from analysis.rank.network.positions import Positions, PositionSampler
from analysis.rank.network.records import BATCH_NORM_MODES, BatchNormMode, ProbeResult
from analysis.rank.network.taps import Tap, find_taps
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

#: Images of one forward pass where the caller hands over one tensor.
_BATCH = 16


def probe(
    model: nn.Module,
    images: Tensor | Iterable[Tensor],
    *,
    taps: Sequence[str] | Sequence[Tap] | None = None,
    positions: Positions = "auto",
    seed: int = 0,
    batch_norm: BatchNormMode = "eval",
    certify: bool = False,
    count: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> ProbeResult:
    """The singular values of the features at every tap of a model.

    The model is left unchanged, whatever happens: hooks, training flags, batch norm's buffers and grad mode.
    Dropout is off. A module that runs several times in one pass has a tap for each time: ``relu``, ``relu@2`` ...
    The numbers do not depend on how the images are cut into batches, but for ``batch_norm="batch"``.

    Args:
        model: Any module that maps images to anything.
        images: One tensor (B, C, H, W), or an iterable of such batches, gone through once. They are cast to the type
            of the model's parameters, integers without scaling, and moved to their device. Tokens (B, T) of a model
            with an embedding stay integers.
        taps: Patterns as `analysis.rank.network.taps.find_taps` takes them, or taps that it gave.
        positions: Rows of each image, or ``auto``: enough for 4 per channel, at most 196.
        seed: Seed of the positions.
        batch_norm: ``eval``: with the running statistics. ``batch``: with those of each batch; the running ones are
            neither used nor changed. An untrained network with its initial statistics is nearly linear in ``eval``.
        certify: Whether a copy in float64 runs, too, for the certified tolerance: takes three times as long or more.
        count: Images in an iterable of batches, which ``auto`` has to know before it sees the first; taken from
            ``len`` of a tensor.
        progress: Receives the number of finished images after every batch.

    Raises:
        InputError: There is no image, a shape or a value is wrong, a tap fits nothing or never runs.
        UnknownNameError: A tap is not in the model; the nearest name is offered.
    """
    _check(positions, batch_norm, seed)
    chosen = _resolve(model, taps)
    if isinstance(images, Tensor):
        count, images = len(images), torch.split(images, _BATCH)
    if positions == "auto" and count is None:
        raise InputError("positions='auto' needs to know the number of images; give count=, or positions as a number")
    if count is not None and count < 1:
        raise InputError("a probe needs at least one image; got none")
    gatherer = Gatherer(taps=chosen, wanted=positions, images=count or 0, sampler=PositionSampler(seed))
    done = _run(model, images, gatherer, batch_norm=batch_norm, certify=certify, progress=progress)
    if count is not None and done != count and positions == "auto":
        raise InputError(f"count must be the number of images; it was {count}, and {done} came")
    records, unreached = gatherer.finish()
    if unreached and taps is not None:
        raise InputError(f"a tap must run in the forward pass; {unreached[0]} does not; tap another module")
    return ProbeResult(
        taps=records,
        images=done,
        seed=seed,
        positions=positions,
        batch_norm=batch_norm,
        certified=certify,
        unreached=unreached,
    )


def _check(positions: Positions, batch_norm: str, seed: int) -> None:
    if positions != "auto" and (isinstance(positions, bool) or not isinstance(positions, int) or positions < 1):
        raise InputError(f"positions must be 'auto' or a whole number from 1 on; got {positions!r}")
    if batch_norm not in BATCH_NORM_MODES:
        raise InputError(f"batch_norm must be {' or '.join(BATCH_NORM_MODES)}; got {batch_norm!r}")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InputError(f"seed must be a whole number from 0 on; got {seed!r}")


def _resolve(model: nn.Module, taps: Sequence[str] | Sequence[Tap] | None) -> tuple[Tap, ...]:
    if isinstance(taps, str):
        raise InputError(f"taps must be a list of patterns; got the text {taps!r}; write [{taps!r}]")
    given = None if taps is None else list(taps)
    if given is not None and not given:
        raise InputError("taps must name at least one; got an empty list; leave it out for all")
    if given and isinstance(given[0], Tap):
        return tuple(one for one in given if isinstance(one, Tap))
    return find_taps(model, None if given is None else [str(one) for one in given])


def _run(
    model: nn.Module,
    batches: Iterable[Tensor],
    gatherer: Gatherer,
    *,
    batch_norm: BatchNormMode,
    certify: bool,
    progress: Callable[[int], None] | None,
) -> int:
    """Sends all batches through; the number of images."""
    done = 0
    with ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        exact = copy.deepcopy(model).double() if certify else None
        for one in (model,) if exact is None else (exact, model):
            stack.enter_context(_mode(one, batch_norm))
            stack.enter_context(_hooks(one, gatherer))
        for batch in batches:
            _check_batch(batch, batch_norm)
            gatherer.start(done, len(batch))
            fitted = _fit(batch, model)
            if exact is not None:
                exact(fitted.double() if fitted.is_floating_point() else fitted)
                gatherer.turn_to_producer()
            model(fitted)
            gatherer.flush()
            done += len(batch)
            if progress is not None:
                progress(done)
    if not done:
        raise InputError("a probe needs at least one image; got none")
    return done


def _check_batch(batch: Tensor, batch_norm: str) -> None:
    if not isinstance(batch, Tensor) or batch.dim() < 2 or not len(batch):  # noqa: PLR2004 - images and something
        given = tuple(batch.shape) if isinstance(batch, Tensor) else type(batch).__name__
        raise InputError(f"images come as tensors (B, C, H, W) with at least one image; got {given}")
    if batch_norm == "batch" and len(batch) == 1:
        raise InputError("batch statistics need at least 2 images in every batch; got a batch of 1")


def _fit(batch: Tensor, model: nn.Module) -> Tensor:
    """The batch on the device and of the type of the model's parameters; what indexes an embedding stays whole."""
    if batch.is_complex():
        raise InputError(f"images must be real numbers; got {batch.dtype}; give the real part or the magnitude")
    tensors = chain(model.parameters(), model.buffers())
    first = next((one for one in tensors if one.is_floating_point()), None)
    if first is None:
        return batch
    return batch.to(first.device) if _are_indices(batch, model) else batch.to(first.device, first.dtype)


def _are_indices(batch: Tensor, model: nn.Module) -> bool:
    """Whether these are tokens (B, T), not images or features."""
    if batch.is_floating_point() or batch.dim() > 2:  # noqa: PLR2004 - tokens have no channels
        return False
    return any(isinstance(module, nn.Embedding | nn.EmbeddingBag) for module in model.modules())


@contextmanager
def _mode(model: nn.Module, batch_norm: BatchNormMode) -> Iterator[None]:
    """Every module in inference mode, batch norms as asked; afterwards as they were."""
    before = [(module, module.training) for module in model.modules()]
    norms = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]  # noqa: SLF001
    tracking = [(norm, norm.track_running_stats) for norm in norms]
    try:
        for module, _ in before:
            module.training = False
        if batch_norm == "batch":
            for norm in norms:
                # Not tracking, it neither reads nor writes its buffers.
                norm.training, norm.track_running_stats = True, False
        yield
    finally:
        for module, training in before:
            module.training = training
        for norm, tracks in tracking:
            norm.track_running_stats = tracks


@contextmanager
def _hooks(model: nn.Module, gatherer: Gatherer) -> Iterator[None]:
    handles: list[Any] = []
    try:
        for tap in gatherer.taps:
            if not tap.same_as:
                # One by one: a hook that is on is in the list, whatever comes next.
                handles.append(gatherer.attach(model.get_submodule(tap.module), tap))  # noqa: PERF401
        yield
    finally:
        for handle in handles:
            handle.remove()
