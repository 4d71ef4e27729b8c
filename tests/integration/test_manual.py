"""What is generated from the code says what the code says."""

from typing import Literal

import psycopg
import pytest

from lotwatch.facts.reference import as_markdown
from lotwatch.paths import PROJECT
from lotwatch.rules import reference

PAGES = PROJECT / "docs" / "reference"


def test_the_reference_of_facts_is_up_to_date(db: psycopg.Connection) -> None:
    assert (PAGES / "facts.md").read_text(encoding="utf-8") == as_markdown(db), "run: make reference"


@pytest.mark.parametrize(("lang", "page"), [("en", "rules.md"), ("zh", "rules.zh.md")])
def test_the_reference_of_rules_is_up_to_date(lang: Literal["en", "zh"], page: str) -> None:
    assert (PAGES / page).read_text(encoding="utf-8") == reference.as_markdown(lang), "run: make reference"
