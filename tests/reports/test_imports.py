from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "reports").rglob("*.py")
)
#: Imports each module as if it were the first of ours, in one interpreter: other libraries stay loaded.
SCRIPT = """
import importlib, json, sys
failed = {}
for name in json.loads(sys.argv[1]):
    for loaded in [one for one in sys.modules if one.split(".")[0] == "reports"]:
        del sys.modules[loaded]
    try:
        importlib.import_module(name)
    except Exception as error:
        failed[name] = f"{type(error).__name__}: {error}"
print(json.dumps(failed))
"""


def test_every_module_of_the_reports_can_be_the_first_to_be_imported() -> None:
    assert {"reports.report", "reports.rank.report", "reports.rank.page_layers", "reports.page.templates"} <= set(
        MODULES
    )
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(MODULES)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(ran.stdout) == {}
