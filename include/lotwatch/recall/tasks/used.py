"""On whom an affected unit was used: the sealed case reference, opened for who may, and written down each time."""

from collections.abc import Callable

import psycopg

from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError
from lotwatch.recall.case import lock_case
from lotwatch.sources.fhir.privacy import Seal

#: the case key of a source, by its name; empty: it has none
CaseKeys = Callable[[str], str]


def open_case_reference(
    conn: psycopg.Connection, context: RunContext, code: str, movement_id: int, reason: str, keys: CaseKeys
) -> str:
    """The case that a located use names, in clear. That it was opened, by whom and why is written down before it is answered.

    What the hospital itself encrypted is answered as it came: it alone can open it. Raises LotwatchError for a use that is
    not of the case or names none, and SourceError when the key is another one by now.
    """
    case = lock_case(conn, code)
    if not reason:
        raise LotwatchError("Say why it must be opened", where=code)
    parameters = {"case_id": case.case_id, "movement_id": movement_id}
    row = conn.execute(query(__package__, "case_reference"), parameters).fetchone()
    if row is None:
        raise LotwatchError("The case has no such use, or it names nobody", where=f"{code}, {movement_id}")
    source, sealed = row
    record(conn, context, "case reference opened", "recall_case", code, after={"movement": movement_id}, reason=reason)
    key = keys(source)
    return Seal(key).open(sealed) if key else str(sealed)
