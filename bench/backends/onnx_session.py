"""Sessions of ONNX Runtime, and what a session's own profile says of every node that ran."""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.backends import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The execution provider that is asked for, and no other.
CPU = "CPUExecutionProvider"
_ERRORS_ONLY = 3
#: Operations that multiply by weights, those of fused and quantised kernels among them.
_COMPUTES = re.compile("Conv|Gemm|MatMul|Attention|LSTM|GRU|RNN")
#: Our words for the types of the tensors that an operation takes.
_PRECISIONS = {
    "float": "fp32",
    "float16": "fp16",
    "bfloat16": "bf16",
    "double": "fp64",
    "uint8": "int8",
    "int8": "int8",
}
_ENDING = "_kernel_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node of the graph that the runtime made of a model, as it ran once.

    Args:
        kind: The operation, such as ``FusedConv``.
        precision: Of the activations that it takes; empty where it takes none with an element type of ours.
        provider: Execution provider, such as ``CPUExecutionProvider``.
        time_s: Time that it took [s].
    """

    name: str
    kind: str
    precision: str
    provider: str
    time_s: float

    @property
    def computes(self) -> bool:
        """Whether it multiplies by weights, or does the like."""
        return bool(_COMPUTES.search(self.kind))


class Profile:
    """A folder in which a session keeps its profile until it is read."""

    def __init__(self, place: Path) -> None:
        """A profile in a new folder within `place`, which goes with the run where this process is killed."""
        self.folder = tempfile.TemporaryDirectory(prefix="profile-", dir=place, ignore_cleanup_errors=True)

    @property
    def prefix(self) -> str:
        """What the path of the file begins with."""
        return str(Path(self.folder.name) / "profile")

    def close(self, session: Any) -> list[Node]:
        """End the profiling of a session; the nodes that ran meanwhile, in their order, again for each inference.

        Raises:
            Unavailable: The profile could not be written.
        """
        try:
            text = Path(session.end_profiling()).read_text()
            events = json.loads(text)
        except (OSError, ValueError) as error:
            raise Unavailable(
                f"ONNX Runtime must write a profile, and it can't be read ({error}); "
                f"free some room in {Path(self.folder.name).parent}, or set TMPDIR to another folder"
            ) from error
        finally:
            self.folder.cleanup()
        return [_read_node(event) for event in events if event.get("cat") == "Node" and "provider" in event["args"]]


def _read_node(event: dict[str, Any]) -> Node:
    args = event["args"]
    types = [kind for one in args.get("input_type_shape", ()) for kind in one]
    # Such a node takes numbers in fp32 and multiplies them in int8.
    types = ["int8"] if args["op_name"].startswith("DynamicQuantize") else types
    return Node(
        name=event["name"].removesuffix(_ENDING),
        kind=args["op_name"],
        precision=_PRECISIONS.get(types[0], types[0]) if types else "",
        provider=args["provider"],
        time_s=event["dur"] * 1e-6,
    )


def name_precision(precisions: Iterable[str]) -> str | None:
    """Precisions of nodes, each once, joined by ``and``; None where there are none."""
    return " and ".join(sorted({one for one in precisions if one})) or None


def open_session(path: Path, threads: int, profile: Profile | None = None) -> Any:
    """A session with exactly these threads for one operation, the one that calls among them.

    It rewrites the graph in every way that it knows. Its threads sleep between operations.
    """
    import onnxruntime  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.log_severity_level = _ERRORS_ONLY
    if profile is not None:
        options.enable_profiling, options.profile_file_prefix = True, profile.prefix
    return onnxruntime.InferenceSession(path, options, providers=[CPU])
