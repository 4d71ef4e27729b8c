"""From a notice to held stock: nothing that is affected stays pickable, and nothing is held for sure that is not."""

from pathlib import Path

import psycopg
import pytest

from lotwatch.recall.cases import open_cases
from tests.integration.company import Company
from tests.integration.recall_measure import made, measure, real, stock


def run(company: Company, **options: bool) -> object:
    company.conn.commit()
    company.conn.autocommit = True
    return open_cases(company.conn, company.context, **options)


def test_of_the_made_notices_nothing_affected_escapes_and_nothing_is_held_wrongly(company: Company) -> None:
    notices = made()
    stock(company, notices)
    run(company)
    figures = measure(company, notices)
    print(figures)
    assert (figures.escaped, figures.wrong) == ([], [])
    print(figures.units, figures.for_a_person)


@pytest.mark.realdata
def test_of_the_real_notices_nothing_affected_escapes_and_nothing_is_held_wrongly(
    company: Company, realdata: Path
) -> None:
    notices = real(realdata)
    stock(company, notices)
    run(company)
    figures = measure(company, notices)
    print(figures)
    assert (figures.escaped, figures.wrong) == ([], [])
    print(figures.units, figures.for_a_person)
