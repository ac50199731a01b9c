"""The converted forms of a model as an evaluation asks them: prepared, built and checked as a timed case is."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.schema import SchemaError
from bench.machine.scratch import make_scratch
from bench.planning.presets import NATIVE
from bench.planning.subjects import find_subjects
from bench.records.case import QUANTIZED
from bench.records.files import as_folder
from bench.records.inputs import dump_inputs, load_inputs
from bench.records.settings import Settings
from bench.running.interleaved_group import InterleavedGroup
from bench.workers.answers import read_logits
from bench.workers.descriptions import Limits
from bench.workers.executor import ProcessExecutor, WorkerError
from rexnet_core.preprocess import lay_out
from rexnet_core.sources.registry import REGISTERED
from rexnet_core.sources.tensors import TensorSpec, find_image_axes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy.typing as npt

    from analysis.classifiers.classifier import Classifier
    from analysis.classifiers.setting import ClassifierSetting
    from bench.planning.conversions import Conversions
    from bench.records.calibration import CalibrationSet
    from bench.records.subject import Subject
    from bench.running.case_state import CaseState
    from bench.workers.executor import Executor

    Pixels = npt.NDArray[np.float32]

#: Time that preparing, building, and each batch of an evaluation may take [s].
LIMIT_S = 1800.0
#: Pictures on which a form in reduced precision is compared before the evaluation.
HELD_OUT = 16


class ConvertedCase:
    """One backend and precision with its live worker."""

    def __init__(self, state: CaseState, folder: Path, classes: int) -> None:
        """A case that was built, or could not be, a folder for what it computes, and the classes of the original."""
        self._state, self._folder, self._classes = state, folder, classes

    def classify(self, images: Pixels) -> Pixels | None:
        """Logits of shape (N, classes) for images of shape (N, 3, H, W); None once the worker has failed."""
        if not self._state.handle:
            return None
        try:
            return self._ask(images)
        except (WorkerError, SchemaError, OSError) as error:
            self._state.fail(error)
            self._state.close()
            return None

    def _ask(self, images: Pixels) -> Pixels:
        assert self._state.handle is not None
        self._folder.mkdir(parents=True, exist_ok=True)
        logits_path = self._folder / "logits.npy"
        logits_path.unlink(missing_ok=True)
        batches = _split(self._lay_out(images), self._state.case.batch)
        dump_inputs(self._folder, [batches])
        self._state.handle.renew()
        self._state.ask("infer", folder=str(self._folder), logits_path=str(logits_path))
        logits = read_logits(logits_path)
        expected = (*batches.shape[:2], self._classes)
        if logits.shape != expected:
            raise SchemaError(f"logits must be of shape {expected}, got {logits.shape}")
        return logits.reshape(-1, logits.shape[-1])[: len(images)].astype(np.float32, copy=False)

    def _lay_out(self, images: Pixels) -> npt.NDArray[Any]:
        """The images in the layout and the type that the model takes."""
        [like] = load_inputs(self._state.assets)
        [shape] = self._state.case.input_shapes
        spec = TensorSpec(name="images", shape=(None, *shape), dtype=str(like.dtype))
        return lay_out(images, last=find_image_axes(spec) == (0, 1), dtype=like.dtype)

    def describe(self) -> dict[str, Any]:
        """The case, and what became of it."""
        state = self._state
        quantized = state.case.precision == QUANTIZED
        return {
            "backend": state.case.backend,
            "precision": state.case.precision,
            "calibration": state.prepared.get("calibration", state.case.calibration) if quantized else "",
            "calibration_set": state.case.calibration,
            "batch_size": state.case.batch,
            "threads": state.case.threads,
            "status": state.status,
            "reason": state.reason,
        }

    def close(self) -> None:
        """End the worker."""
        self._state.close()


def _split(values: npt.NDArray[Any], batch: int) -> npt.NDArray[Any]:
    """Batches of equal size; the last is filled up with the first images."""
    count = -(-len(values) // batch) * batch
    return np.take(values, range(count), axis=0, mode="wrap").reshape(-1, batch, *values.shape[1:])


@contextmanager
def open_conversions(
    chosen: Conversions,
    setting: ClassifierSetting,
    classifier: Classifier,
    *,
    tell: Callable[[str], None] = lambda _words: None,
    executor: Executor | None = None,
) -> Iterator[list[ConvertedCase]]:
    """The converted forms, with their workers alive as long as the context is.

    Args:
        chosen: Which forms.
        setting: Of the original.
        classifier: The original, opened.
        tell: Called with what is being done, in words.
        executor: Starts the processes; by default real ones.
    """
    if not chosen.backends:
        yield []
        return
    own = executor or ProcessExecutor()
    with make_scratch() as scratch, ExitStack() as closing:
        tell(f"describe {setting.model}")
        subject = _describe(setting, classifier)
        group = InterleavedGroup(
            chosen.make_cases(subject, setting.threads),
            settings=Settings(limit_s=LIMIT_S),
            executor=own,
            scratch=scratch,
            weights=setting.weights,
            weights_entry=setting.weights_entry,
            calibration=_shorten(chosen.calibration),
            steps=classifier.preprocessing,
            watch=lambda case, step: tell(f"{case.describe('model', 'resolution')}: {step}"),
            faults={subject.model: subject.fault} if subject.fault else {},
        )
        for state in group.states:
            closing.callback(state.close)
        for _ in group.build_each():
            pass
        places = [scratch / "evaluated" / as_folder(state.case.id) for state in group.states]
        yield [
            ConvertedCase(state, place, classifier.classes) for state, place in zip(group.states, places, strict=True)
        ]


def _shorten(calibration: CalibrationSet) -> CalibrationSet:
    """The set with few pictures to compare on: the evaluation compares on all that there are."""
    few = slice(HELD_OUT)
    return replace(calibration, held_out=calibration.held_out[few], labels=calibration.labels[few])


def _describe(setting: ClassifierSetting, classifier: Classifier) -> Subject:
    side = classifier.resolution if setting.source == REGISTERED else setting.resolution
    [subject] = find_subjects(
        {setting.model: setting.source},
        setting.options,
        [NATIVE if side is None else side],
        own_sides=side is None,
        limits=Limits(threads=setting.threads),
    )
    return subject
