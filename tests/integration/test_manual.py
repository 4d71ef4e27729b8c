"""What is generated from the code says what the code says."""

import psycopg

from lotwatch.facts.reference import as_markdown
from lotwatch.paths import PROJECT


def test_the_reference_of_facts_is_up_to_date(db: psycopg.Connection) -> None:
    page = PROJECT / "docs" / "reference" / "facts.md"
    assert page.read_text(encoding="utf-8") == as_markdown(db), "run: make reference"
