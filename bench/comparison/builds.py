"""The two sides of a comparison: builds from git, wheels or other environments, made ready and cleared away again."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.machine.scratch import make_scratch
from bench.workers.child_process import Build
from bench.workers.executor import ProcessExecutor
from bench.workers.shared_files import IMAGES, REFERENCE, WEIGHTS
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

    from bench.machine.interference import Usage
    from bench.records.case import Case
    from bench.workers.executor import Executor, Handle

BASE, HEAD = "base", "head"
#: glibc gives freed memory back and takes it again as it finds its heap lying: eager ReXNet 1.0 had 0 to 3500 page
#: faults in a call, as many as its process was dealt, and took 23 to 41 ms of processor time with them. Workers of a
#: comparison keep what they have had: 22.6 to 24.5 ms. For the second, 32 MiB is the most that every glibc takes.
STEADY_HEAP = (("MALLOC_TRIM_THRESHOLD_", str(2**40)), ("MALLOC_MMAP_THRESHOLD_", str(2**25)))
_INSTALL_S = 300
_GIT_S = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a side's code comes from; at most one is given, none is the code that is running.

    Args:
        ref: A git revision of the repository that the current folder is in.
        tree: That repository as it lies there.
        wheel: A wheel of rexbench; it meets the libraries of the environment that is running.
        python: The interpreter of an environment that has rexbench installed.
    """

    ref: str | None = None
    tree: bool = False
    wheel: Path | None = None
    python: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A side that is ready: what it is, in words, and the build that its workers run."""

    told: str
    build: Build


@contextlib.contextmanager
def open_sides(base: Source, head: Source) -> Iterator[tuple[Side, Side]]:
    """Both sides made ready; what was made for them is gone when the context is left, however that comes about.

    Raises:
        InputError: One can't be made; the message says which and why.
    """
    with contextlib.ExitStack() as stack:
        made = []
        for label, source in ((BASE, base), (HEAD, head)):
            try:
                made.append(_open_side(source, stack))
            except InputError as error:
                raise InputError(f"{label}: {error}") from None
        yield made[0], made[1]


def _open_side(source: Source, stack: ExitStack) -> Side:
    if source.ref is not None:
        return _open_ref(source.ref, stack)
    if source.tree:
        return _open_tree(stack)
    if source.wheel is not None:
        return _open_wheel(source.wheel, stack)
    if source.python is not None:
        return _open_environment(source.python)
    return Side(told="the code that is running", build=_build())


def _build(**changes: Any) -> Build:
    return Build(variables=STEADY_HEAP, **changes)


def _open_tree(stack: ExitStack) -> Side:
    """A copy of the repository as it lies there, so that what is saved into it meanwhile is not measured in part."""
    root = _repository()
    changed = " with changes" if _git(root, "status", "--porcelain") else ""
    commit = _git(root, "rev-parse", "--short", "HEAD")
    folder = stack.enter_context(make_scratch()) / "tree"
    for name in _git(root, "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0"):
        # Links are left out, as is what is deleted or a repository of its own: none of it is code that workers import.
        if name and (root / name).is_file() and not (root / name).is_symlink():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, folder / name)
    return _checked(Side(told=f"working tree at {commit}{changed}", build=_build(root=folder)))


def _open_ref(ref: str, stack: ExitStack) -> Side:
    """A worktree of the revision in a temporary folder."""
    root = _repository()
    try:
        commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    except InputError:
        raise InputError(f"a git revision is needed, {ref!r} is none in {root}") from None
    with contextlib.suppress(InputError):
        _git(root, "worktree", "prune")  # of a comparison that was killed
    folder = stack.enter_context(make_scratch()) / "tree"
    # Registered first: an interrupt amid the checkout must not leave a worktree in the user's repository either.
    stack.callback(_remove_worktree, root, folder)
    _git(root, "worktree", "add", "--detach", "--force", str(folder), commit)
    return _checked(Side(told=f"git {commit[:10]} ({ref})", build=_build(root=folder)))


def _remove_worktree(root: Path, folder: Path) -> None:
    with contextlib.suppress(InputError):
        _git(root, "worktree", "remove", "--force", str(folder))
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(InputError):
        _git(root, "worktree", "prune")


def _open_wheel(wheel: Path, stack: ExitStack) -> Side:
    if not wheel.is_file():
        raise InputError(f"a wheel is a file, {wheel} is none")
    folder = stack.enter_context(make_scratch())
    words = ["-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-compile", "--target", str(folder)]
    _call([sys.executable, *words, str(wheel)], _INSTALL_S, f"pip can't install {wheel.name}")
    return _checked(Side(told=f"wheel {wheel.name}", build=_build(root=folder)))


def _open_environment(python: Path) -> Side:
    found = shutil.which(str(python))
    if found is None:
        raise InputError(f"an interpreter is a program that can be run, {python} is none")
    asked = "import importlib.metadata as m; print('rexbench', m.version('rexbench'), m.version('torch'))"
    needed = f"{python} must have rexbench and torch installed, Python 3.11 or newer"
    told = _call([found, "-P", "-c", asked], _GIT_S, needed).split()[-3:]
    if len(told) != 3 or told[0] != "rexbench":  # noqa: PLR2004 - a word and two versions
        raise InputError(f"{needed}: it did not answer as one")
    _, version, torch = told
    return Side(
        told=f"environment of {python}: rexbench {version}, torch {torch}", build=_build(python=found, root=None)
    )


def _checked(side: Side) -> Side:
    """The side, if its folder holds a rexbench that has workers."""
    assert side.build.root is not None, "a folder was made"
    if not (side.build.root / "bench" / "worker.py").is_file():
        raise InputError(f"{side.told} has no bench/worker.py: it is no rexbench, or one from before it had workers")
    return side


def _repository() -> Path:
    try:
        return Path(_git(Path.cwd(), "rev-parse", "--show-toplevel"))
    except InputError as error:
        raise InputError(f"a git revision needs a repository: call rexbench inside a clone of it ({error})") from None


def _git(folder: Path, *words: str) -> str:
    return _call([shutil.which("git") or "git", "-C", str(folder), *words], _GIT_S, f"git {words[0]} failed")


def _call(command: list[str], limit_s: float, failing: str) -> str:
    """What a program prints.

    Raises:
        InputError: It can't be run, fails or takes too long; with the last line it wrote.
    """
    try:
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="surrogateescape", timeout=limit_s, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"{failing}: {error}") from None
    if done.returncode:
        lines = (done.stderr or done.stdout).encode(errors="replace").decode().strip().splitlines()
        raise InputError(f"{failing}: {lines[-1] if lines else f'exit code {done.returncode}'}")
    return done.stdout.strip()


class HeadExecutor:
    """Workers of the head, which take over what the base was given: weights, inputs and reference logits.

    So both compute the same function of the same inputs, and the head's logits are compared with the base's eager ones.
    Only OpenVINO's representation is its own, for converting is part of what a build does.
    """

    def __init__(self, inner: Executor | None = None) -> None:
        """The head's side of a comparison.

        Args:
            inner: Starts its processes; default is the code that is running.
        """
        self._inner = inner or ProcessExecutor()

    def prepare(self, task: dict[str, Any], limit_s: float) -> dict[str, Any]:
        """As `bench.workers.executor.ProcessExecutor.prepare`, with the base's files where they fit."""
        folder = Path(task["folder"])
        # The base's folder has another name where the sides' batch sizes differ; each contest has one of its own.
        [shared] = (folder.parent.parent / BASE).iterdir()
        _copy(shared, folder, WEIGHTS)
        done = self._inner.prepare(task, limit_s)
        # The inputs of another batch size are other ones; then each side is compared with its own reference.
        if _shape(shared / IMAGES) == _shape(folder / IMAGES):
            _copy(shared, folder, IMAGES, REFERENCE)
        return done

    def open(self, case: Case, assets: Path, scratch: Path, limit_s: float) -> Handle:
        """As that of the builds' own."""
        return self._inner.open(case, assets, scratch, limit_s)

    def now(self) -> float:
        """As that of the builds' own."""
        return self._inner.now()

    def read_usage(self) -> Usage:
        """As that of the builds' own."""
        return self._inner.read_usage()


def _shape(images: Path) -> tuple[int, ...] | None:
    return np.load(images, mmap_mode="r").shape if images.exists() else None


def _copy(source: Path, target: Path, *names: str) -> None:
    for name in names:
        if (source / name).exists():
            shutil.copyfile(source / name, target / name)
