"""The documents keep their promises: links lead somewhere, and what they name is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
#: A folder or file of the code in backticks, such as `bench/store` or `tests/test_house.py`.
PATH = re.compile(r"`((?:analysis|bench|reports|rexbench|rexnet_core|tests|docs)/[\w./-]+)`")


def anchors(page):
    """Anchors of a page's headings, spelt as GitHub does."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading(page):
    for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        file = page.parent / target if target else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), f"{target}#{anchor}"


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=lambda page: page.name)
def test_every_path_that_a_page_names_is_there(page):
    named = PATH.findall(page.read_text(encoding="utf-8"))
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_page_is_linked_from_the_front_page():
    front = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in (ROOT / "docs").glob("*.md") if f"(docs/{page.name}" not in front] == []


def test_every_session_that_the_documents_name_is_one_of_nox():
    tree = ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8"))
    sessions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.decorator_list}
    named = {name for page in PAGES for name in re.findall(r"nox -s (\w+)", page.read_text(encoding="utf-8"))}
    assert named <= sessions


def test_every_command_that_the_documents_name_is_a_file_of_its_own():
    commands = ROOT / "rexbench" / "commands"
    known = {path.stem for path in commands.iterdir()}
    named = {name for page in PAGES for name in re.findall(r"`rexbench ([a-z]+)", page.read_text(encoding="utf-8"))}
    assert named <= known


def test_the_architecture_page_shows_every_folder_of_bench():
    shown = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    folders = [path.parent.name for path in (ROOT / "bench").glob("*/__init__.py")]
    assert [name for name in folders if f"  {name}/" not in shown] == []


def test_the_names_on_the_front_page_can_be_imported():
    front = (ROOT / "README.md").read_text(encoding="utf-8")
    (names,) = re.findall(r"^from rexbench import (.*)$", front, re.MULTILINE)
    package = __import__("rexbench")
    assert [name for name in names.split(", ") if not hasattr(package, name)] == []
