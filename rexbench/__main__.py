"""``python -m rexbench``."""

from __future__ import annotations

import contextlib
import sys

from rexbench.cli import main

if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main())
