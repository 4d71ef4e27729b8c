"""Completes items from the device records of their identifiers, and writes down what other rooms have a person decide.

What the item's own system says is never overwritten: only what it leaves out is filled, with its provenance in
`item_fill`, from which the next posting of the item completes it again.
"""

import psycopg

from lotwatch.audit import RunContext, record, record_many
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError


def fill_items(conn: psycopg.Connection, context: RunContext) -> dict[str, int]:
    """Fill what items lack from device records; return how many values and identifiers were filled.

    Of several records of an identifier the one published last that says a field counts. A value that was filled
    before follows its record.
    """
    parameters = {"as_of": context.as_of}
    fields = conn.execute(query(__package__, "fill_items"), parameters).fetchall()
    identifiers = conn.execute(query(__package__, "fill_identifiers"), parameters).fetchall()
    events = [("item filled", code, {field: value, "from": origin}) for code, field, value, origin in fields]
    events += [
        ("item filled", code, {"identifier": identifier, "units_contained": units, "from": origin})
        for code, identifier, units, origin in identifiers
    ]
    record_many(conn, context, "item", events)
    return {"fields": len(fields), "identifiers": len(identifiers)}


def refer(
    conn: psycopg.Connection, context: RunContext, system: str, their_code: str, item_code: str, *, by: str, reason: str
) -> None:
    """Write down that a system's code is an item of ours. Raises LotwatchError when it is known to be another one."""
    parameters = {"system": system, "their_code": their_code, "our_code": item_code}
    row = conn.execute(query(__package__, "refer"), parameters).fetchone()
    if row is None or row[0] != item_code:
        raise LotwatchError(
            f"{their_code} of {system} is {row[0]} already" if row else f"There is no item {item_code}",
            where="cross references",
            do="load the right cross reference instead" if row else "look at the suggestions anew",
        )
    record(
        conn, context, "code matched", "cross_reference", f"{system}/item/{their_code}",
        actor=by, after={"our_code": item_code}, reason=reason,
    )  # fmt: skip


def identify(
    conn: psycopg.Connection,
    context: RunContext,
    item_code: str,
    identifier: str,
    *,
    package_level: str,
    units_contained: int,
    by: str,
    reason: str,
) -> None:
    """Write down that a device identifier is on a package of an item. Raises LotwatchError when it is another item's."""
    parameters = {"item_code": item_code, "code": identifier, "level": package_level, "units": units_contained}
    row = conn.execute(query(__package__, "identify"), parameters).fetchone()
    if row is None or row[0] != item_code:
        raise LotwatchError(
            f"{identifier} is on {row[0]} already" if row else f"There is no item {item_code}",
            where="identifiers of items",
            do="correct the identifier in the ERP" if row else "look at the suggestions anew",
        )
    after = {"item": item_code, "package_level": package_level, "units_contained": units_contained}
    record(conn, context, "identifier matched", "item_identifier", identifier, actor=by, after=after, reason=reason)
