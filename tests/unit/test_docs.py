"""A reader finds every page, in both languages, and no link leads nowhere."""

import re
from pathlib import Path

import pytest

from lotwatch.paths import CONFIG, PROJECT

PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]
#: what is looked up, not read: in one language, or made by a command
LOOKED_UP = {"settings", "benchmark"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_no_link_leads_nowhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|mailto:)([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("language", ["", ".zh"])
def test_the_index_names_every_page(language: str) -> None:
    index = (PROJECT / "docs" / f"README{language}.md").read_text(encoding="utf-8")
    english = (
        {page.stem for page in (PROJECT / "docs").glob("*.md") if not page.stem.endswith(".zh")}
        - LOOKED_UP
        - {"README"}
    )
    assert {name for name in english if f"({name}{language}.md)" not in index} == set()


def test_the_readme_names_what_can_be_configured() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    assert {
        file.name
        for file in CONFIG.glob("*.yaml")
        if f"`{file.name}`" not in readme and f"config/{file.name}" not in readme
    } == set()
