"""An exported program of torch, and its AOTInductor package, with the preprocessing as a module before the network."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from bench.backends.inductor import hush
from bench.exporting.form import make_metadata
from rexnet_core.sources.exported_metadata import CLASSES, KEY, LICENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy.typing as npt

    from bench.exporting.form import Form
    from bench.exporting.original import Original

ARTEFACT = "model.pt2"
#: A dimension that may vary must not be 1 in the example.
_EXAMPLE_BATCH = 2
_MOST_BATCH = 1024


class Prepared(nn.Module):
    """A network that takes pictures as they are: shape (N, side, side, 3) or (N, 3, side, side), 0 to 255."""

    def __init__(self, network: nn.Module, form: Form) -> None:
        """Put the steps of a form around a network."""
        super().__init__()
        self.network, self.form = network, form
        self.mean = nn.Buffer(torch.tensor(form.mean).reshape(1, 3, 1, 1))
        self.scale = nn.Buffer(torch.tensor(form.scale).reshape(1, 3, 1, 1))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Logits or probabilities, shape (N, classes)."""
        pixels = pictures.float()
        if self.form.input_layout == "nhwc":
            pixels = pixels.permute(0, 3, 1, 2).contiguous()
        if self.form.reverses:
            pixels = pixels.flip(1)
        logits: torch.Tensor = self.network((pixels - self.mean) / self.scale).flatten(1)
        return logits.softmax(1) if self.form.output == "probabilities" else logits


def write(original: Original, form: Form, _network: Path, target: Path) -> None:
    """Write ``model.pt2``, as ``torch.export.save`` or AOTInductor does."""
    assert isinstance(original.model, nn.Module), "the file of a graph is refused before"
    with hush(), torch.no_grad():
        program = _export(Prepared(original.model, form).eval(), form)
        facts = make_metadata(form, original.classifier.preprocessing)
        # On a full disk torch's own writer would end the process.
        file = io.BytesIO()
        if form.format == "pt2":
            names = json.dumps(original.class_names) if original.class_names else ""
            told = {f"{KEY}.json": facts, CLASSES: names, LICENCE: original.licence}
            torch.export.save(program, file, extra_files={key: value for key, value in told.items() if value})
        else:
            from torch._inductor import aoti_compile_and_package  # noqa: PLC0415

            settings = {"freezing": True, "aot_inductor.metadata": {KEY: facts}}
            aoti_compile_and_package(program, package_path=file, inductor_configs=settings)
    (target / ARTEFACT).write_bytes(file.getbuffer())


def _export(module: nn.Module, form: Form) -> Any:
    """The program, without the places in source files that torch keeps in it."""
    shape = (form.batch or _EXAMPLE_BATCH, *(size or form.side for size in form.shape[1:]))
    example = torch.zeros(shape, dtype=getattr(torch, form.input_type))
    sizes = None if form.batch else ({0: torch.export.Dim("batch", min=1, max=_MOST_BATCH)},)
    program = torch.export.export(module, (example,), dynamic_shapes=sizes)
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)
    return program


def open_artefact(folder: Path, form: Form) -> Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]:
    """The artefact from its file."""
    with hush():
        if form.format == "pt2":
            module: Any = torch.export.load(folder / ARTEFACT).module()
        else:
            from torch._inductor import aoti_load_package  # noqa: PLC0415

            module = aoti_load_package(str(folder / ARTEFACT))

    def run(pictures: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        with torch.no_grad():
            return np.array(module(torch.from_numpy(pictures)).numpy(), np.float32)

    return run
