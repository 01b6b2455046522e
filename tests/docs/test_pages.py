"""The pages are complete and hang together: links lead somewhere, the index has all, and public names are told."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import fakebricks
from fakebricks import Workspace, fake_workspace
from fakebricks.cli import main
from fakebricks.control.api import routes as admin_plane

ROOT = Path(__file__).parents[2]
INDEX = ROOT / "docs" / "README.md"
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "examples" / "README.md", *DOCS]
LINK = re.compile(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]+))?\)")

OPTIONS = [
    (name, option)
    for name, command in main.commands.items()
    for parameter in command.params
    for option in parameter.opts
    if option.startswith("--")
]

# What the parts of a workspace need of it, and a test does not.
OF_ITS_PARTS = {"close", "identity", "policies", "raise_unsupported", "recognises", "surrounded", "unsupported"}


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_to_what_is_there(page):
    for target, heading in LINK.findall(_prose(page)):
        there = (page.parent / target).resolve() if target else page
        assert there.exists(), target
        assert not heading or heading in _headings(there), f"{target}#{heading}"


@pytest.mark.parametrize("page", [page for page in DOCS if page != INDEX], ids=named)
def test_each_page_is_in_the_index_and_leads_on(page):
    assert page.name in {target for target, _ in LINK.findall(INDEX.read_text())}
    assert [target for target, _ in LINK.findall(_prose(page)) if target.endswith(".md")]


def test_the_options_of_a_workspace_are_told():
    options = set(inspect.signature(fake_workspace.__init__).parameters) - {"self"}
    assert options == {name for name in re.findall(r"`(\w+)`", _rows("## Options")) if name in options}


def test_what_a_test_asks_a_workspace_is_told():
    with closing(Workspace()) as workspace:
        public = {name for name in dir(workspace) if not name.startswith("_")}
    told = set(re.findall(r"`(\w+)", _rows("## What a test asks it") + _rows("## Options")))
    assert public - OF_ITS_PARTS <= told


def test_what_is_imported_from_fakebricks_is_told():
    said = "".join(page.read_text() for page in PAGES if page.name != "CHANGELOG.md")
    assert [name for name in fakebricks.__all__ if name not in said] == []


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_each_option_of_a_command_is_told(command, option):
    assert [page.name for page in PAGES if f"fakebricks {command}" in page.read_text() and option in page.read_text()]


def test_each_operation_of_the_admin_plane_is_told():
    page = (ROOT / "docs" / "server.md").read_text()
    asked = [f"{one.method} {one.path.replace('<', '{').replace('>', '}')}" for one in admin_plane]
    assert [one for one in asked if one not in page] == []


def _prose(page: Path) -> str:
    """The page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def _headings(page: Path) -> set[str]:
    """The anchors of a page, as they are made of its headings."""
    return set(_anchors(page))


def _anchors(page: Path) -> Iterator[str]:
    for heading in re.findall(r"^#+ (.*)$", _prose(page), re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _rows(heading: str) -> str:
    """The section of the page of the workspace."""
    page = (ROOT / "docs" / "workspace.md").read_text()
    return page.partition(f"{heading}\n")[2].partition("\n## ")[0]
