"""Makes a document of a case."""

from typing import Literal, get_args

import psycopg

from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError
from lotwatch.recall.case import Case

DocumentKind = Literal["return", "destruction", "correction"]
DOCUMENT_KINDS: tuple[DocumentKind, ...] = get_args(DocumentKind)


def make_document(
    conn: psycopg.Connection,
    context: RunContext,
    case: Case,
    kind: DocumentKind,
    recipient: str,
) -> int:
    """A document of all that was found and is in none yet; returns its number in the case.

    `recipient` is who takes it back, destroys it or corrects it. Raises LotwatchError when there is nothing to write.
    """
    if not recipient:
        raise LotwatchError("A document needs a recipient", where=case.code, do="say who takes the units")
    parameters = {
        "case_id": case.case_id,
        "kind": kind,
        "recipient": recipient,
        "at": context.as_of,
        "by": context.actor,
    }
    row = conn.execute(query(__package__, "make_document"), parameters).fetchone()
    if row is None:
        raise LotwatchError("Nothing was found that is in no document yet", where=case.code)
    number, units = row
    after = {"number": number, "kind": kind, "units": units, "recipient": recipient}
    record(conn, context, "document made", "recall_case", case.code, after=after)
    return int(number)
