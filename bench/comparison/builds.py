"""The two builds of a comparison: made ready from git, wheels or other environments, and removed afterwards."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.machine.scratch import make_scratch
from bench.machine.variables import without_dropped
from bench.running.paired_builds import BASE, HEAD, STEADY_HEAP
from bench.workers.child_process import Build
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

_INSTALL_S = 300
_GIT_S = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the code of a build comes from; at most one argument is given, without any it is the running code.

    Args:
        ref: A git revision of the repository that the current folder is in.
        tree: Whether it is the working tree of that repository.
        wheel: A wheel of rexbench; it runs with the libraries of the running environment.
        python: The interpreter of an environment that has rexbench installed.
    """

    ref: str | None = None
    tree: bool = False
    wheel: Path | None = None
    python: Path | None = None


@contextlib.contextmanager
def open_builds(base: Source, head: Source) -> Iterator[tuple[Build, Build]]:
    """Make both builds ready; temporary files are removed when the context is left, also by an error.

    Raises:
        InputError: A build can't be made; the message says which and why.
    """
    with contextlib.ExitStack() as stack:
        builds = []
        for label, source in ((BASE, base), (HEAD, head)):
            try:
                builds.append(_open_build(source, stack))
            except InputError as error:
                raise InputError(f"{label}: {error}") from None
        yield builds[0], builds[1]


def _open_build(source: Source, stack: ExitStack) -> Build:
    if source.ref is not None:
        return _open_ref(source.ref, stack)
    if source.tree:
        return _open_tree(stack)
    if source.wheel is not None:
        return _open_wheel(source.wheel, stack)
    if source.python is not None:
        return _open_environment(source.python)
    return Build(variables=STEADY_HEAP)


def _open_tree(stack: ExitStack) -> Build:
    """A copy of the working tree, so that changes saved during the comparison are not measured."""
    root = _repository()
    changed = " with changes" if _git(root, "status", "--porcelain") else ""
    commit = _git(root, "rev-parse", "--short", "HEAD")
    folder = stack.enter_context(make_scratch()) / "tree"
    for name in _git(root, "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0"):
        # Links, deleted files and nested repositories are left out: none of them is code that workers import.
        if name and (root / name).is_file() and not (root / name).is_symlink():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, folder / name)
    return _check(folder, f"working tree at {commit}{changed}")


def _open_ref(ref: str, stack: ExitStack) -> Build:
    root = _repository()
    try:
        commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    except InputError:
        raise InputError(f"a git revision must be one of {root}, got {ref!r}") from None
    with contextlib.suppress(InputError):
        _git(root, "worktree", "prune")  # of a comparison that was killed
    folder = stack.enter_context(make_scratch()) / "tree"
    # Registered first: an interrupt during the checkout must not leave a worktree in the user's repository.
    stack.callback(_remove_worktree, root, folder)
    _git(root, "worktree", "add", "--detach", "--force", str(folder), commit)
    return _check(folder, f"git {commit[:10]} ({ref})")


def _remove_worktree(root: Path, folder: Path) -> None:
    with contextlib.suppress(InputError):
        _git(root, "worktree", "remove", "--force", str(folder))
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(InputError):
        _git(root, "worktree", "prune")


def _open_wheel(wheel: Path, stack: ExitStack) -> Build:
    try:
        if not wheel.is_file():
            raise InputError(f"a wheel must be a file, got {wheel}")
        wheel.open("rb").close()
    except (OSError, ValueError) as error:  # ValueError: of a name that no file can have
        why = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"a wheel must be a file that can be read; {wheel}: {why}") from None
    folder = stack.enter_context(make_scratch())
    words = ["-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-compile", "--target", str(folder)]
    _call([sys.executable, *words, str(wheel)], _INSTALL_S, f"pip can't install {wheel.name}")
    return _check(folder, f"wheel {wheel.name}")


def _open_environment(python: Path) -> Build:
    try:
        program = shutil.which(str(python))
    except (OSError, ValueError):
        program = None
    if program is None:
        raise InputError(f"an interpreter must be a program that can be run, got {python}")
    code = "import importlib.metadata as m; print('rexbench', m.version('rexbench'), m.version('torch'))"
    needed = f"{python} must have rexbench and torch installed, Python 3.11 or newer"
    match _call([program, "-P", "-c", code], _GIT_S, needed).split()[-3:]:
        case ["rexbench", version, torch]:
            description = f"environment of {python}: rexbench {version}, torch {torch}"
            return Build(description=description, python=program, root=None, variables=STEADY_HEAP)
    raise InputError(f"{needed}: its answer has no versions")


def _check(root: Path, description: str) -> Build:
    if not (root / "bench" / "worker.py").is_file():
        raise InputError(f"{description} has no bench/worker.py: not rexbench, or a version from before it had workers")
    return Build(description=description, root=root, variables=STEADY_HEAP)


def _repository() -> Path:
    try:
        return Path(_git(Path.cwd(), "rev-parse", "--show-toplevel"))
    except InputError as error:
        raise InputError(f"a git revision needs a repository: call rexbench inside a clone of it ({error})") from None


def _git(folder: Path, *words: str) -> str:
    return _call([shutil.which("git") or "git", "-C", str(folder), *words], _GIT_S, f"git {words[0]} failed")


def _call(command: list[str], limit_s: float, failing: str) -> str:
    """The standard output of a program, or one line with the last that it wrote."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=limit_s,
            check=False,
            env=without_dropped(),
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:  # ValueError: of a name that no file can have
        raise InputError(f"{failing}: {error}") from None
    if done.returncode:
        lines = (done.stderr or done.stdout).encode(errors="replace").decode().strip().splitlines()
        raise InputError(f"{failing}: {lines[-1] if lines else f'exit code {done.returncode}'}")
    return done.stdout.strip()
