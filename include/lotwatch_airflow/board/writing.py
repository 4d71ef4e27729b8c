"""What somebody does on the board: every route that is not a GET takes a `WriteDep`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends, Form, Request
from psycopg import Connection

from lotwatch import access
from lotwatch.audit import RunContext
from lotwatch_airflow.board.auth import session_of
from lotwatch_airflow.board.forms import FIELD
from lotwatch_airflow.board.person import Refused
from lotwatch_airflow.board.view import View, ViewDep


class Write:
    """A change that the person of `view` asked for with a form of ours."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.person = view.person

    @contextmanager
    def transaction(self, permission: str, what: str) -> Iterator[tuple[Connection, RunContext]]:
        """A transaction of the application, with the circumstances for the audit trail: the person did `what`.

        Raises Refused unless a role of theirs allows it. Check the site of what is changed with `need_site`: the
        application sees all of them.
        """
        self.person.need(permission)
        now = self.view.as_of
        context = RunContext("board", f"board__{now.isoformat()}", "manual", what, -1, 1, None, now, self.person.name)
        with self.view.board.writer.transaction() as conn:
            yield conn, context

    def need_site(self, conn: Connection, site_id: int) -> None:
        """Raise Refused unless the person may see the site."""
        if not access.sees_site(conn, self.person.name, site_id):
            raise Refused("other_site")

    def need_all_sites(self, conn: Connection) -> None:
        """Raise Refused unless the person may see all sites: what is changed concerns more than one."""
        self.need_site(conn, 0)  # of nowhere: seen by who sees everything


def believe(request: Request, view: ViewDep, token: Annotated[str, Form(alias=FIELD)] = "") -> Write:
    """What was asked for, if it came from a form of ours. Raises Refused."""
    if not view.board.forms.is_ours(request, session_of(request), token):
        raise Refused("not_from_here")
    return Write(view)


WriteDep = Annotated[Write, Depends(believe)]
