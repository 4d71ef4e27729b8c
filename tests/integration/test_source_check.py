"""`lotwatch source check` against a real Tryton: what is wrong with a login is told as what to do."""

from datetime import UTC, datetime

import psycopg
import pytest

from lotwatch.gate.staging import staged_columns
from lotwatch.jobs.check import Finding, check_source
from lotwatch.sources.connector import Login
from lotwatch.sources.registry import Source
from tests.conftest import Login as ServerLogin
from tests.conftest import free_port


def checked(kind: str, server: ServerLogin, **changes: str) -> dict[str, Finding]:
    login = {"url": server.url, "database": server.database, "user": server.user, "password": server.password}
    source = Source(kind=kind, connection="tryton", schedule="5 * * * *")
    return {each.subject: each for each in check_source(source, Login(**(login | changes)), datetime.now(UTC))}


@pytest.mark.parametrize("kind", ["tryton_warehouse", "tryton_procurement", "tryton_quality"])
def test_a_real_tryton_is_well(kind: str, tryton: ServerLogin, db: psycopg.Connection) -> None:
    source = Source(kind=kind, connection="tryton", schedule="5 * * * *")
    login = Login(tryton.url, tryton.database, tryton.user, tryton.password)
    told = list(check_source(source, login, datetime.now(UTC), staged_columns(db)))
    assert [each for each in told if each.state == "wrong"] == []
    assert {"connection", "clock"} < {each.subject for each in told}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"password": "wrong"}, "refuses the user or the password"),
        ({"database": "nowhere"}, "no database 'nowhere'"),
        ({"url": f"http://127.0.0.1:{free_port()}"}, "does not answer"),
    ],
)
def test_a_login_that_does_not_work_is_told(changes: dict[str, str], complaint: str, tryton: ServerLogin) -> None:
    told = checked("tryton_quality", tryton, **changes)
    assert list(told) == ["connection"]
    assert complaint in told["connection"].what
    assert told["connection"].do
