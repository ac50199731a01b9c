"""``python -m rexbench``."""

from __future__ import annotations

import sys

from rexbench.cli import main

if __name__ == "__main__":
    sys.exit(main())
