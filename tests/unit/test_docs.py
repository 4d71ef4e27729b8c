"""A reader finds every page, in both languages, and no link leads nowhere."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from lotwatch.cli import app
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


@pytest.mark.parametrize("page", [page for page in PAGES if page.stem.endswith(".zh")], ids=lambda page: page.name)
def test_a_page_has_the_same_parts_in_both_languages(page: Path) -> None:
    english, chinese = (
        re.findall(r"^(#+|```\w*$|\| ?:?-)", each.read_text(encoding="utf-8"), re.MULTILINE)
        for each in (page.with_name(page.name.replace(".zh.", ".")), page)
    )
    if page.name == "push.zh.md":
        english = (
            english[: english.index("```python")] + english[english.index("```python") + 2 :]
        )  # one program is enough
    assert chinese == english


#: its words, and what follows them up to the end or to the next step of several
COMMAND = re.compile(r"(?:^|[`( ])lotwatch ((?:[a-z][a-z-]* ?)+)(?!-)([^`|#\n>]*)", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    said = COMMAND.findall(page.read_text(encoding="utf-8"))
    commands = [(words.split(), re.findall(r"(?<!\w)--[a-z-]+", rest)) for words, rest in said]
    assert [(words, options) for words, options in commands if not _exists(words, options)] == []


@cache
def _lotwatch() -> Any:
    return typer.main.get_command(app)


def _exists(words: list[str], options: list[str]) -> bool:
    """Whether there is such a command, with these options; what follows a whole command is its arguments."""
    command = _lotwatch()
    for word in words:
        if not hasattr(command, "commands"):
            break
        if word not in command.commands:
            return False
        command = command.commands[word]
    known = {"--help", *(option for each in command.params for option in (*each.opts, *each.secondary_opts))}
    return known.issuperset(options)
