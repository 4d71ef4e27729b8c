"""From a notice to held stock: how right it is, by the answer files of the tests, and how fast at the company's size."""

import os
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from bench.figures import Figure, Stopwatch
from bench.measures.push import awake
from bench.world import AS_OF, World
from lotwatch.audit import RunContext
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError
from lotwatch.jobs.recall import receive
from lotwatch.jobs.sync import post_batch
from lotwatch.recall.cases import open_cases
from lotwatch_local.stack import console
from lotwatch_local.waiting import wait_for
from tests.integration.company import Company
from tests.integration.recall_measure import SECOND, made, measure, real, stock

_TIMES = 11


def measure_matching(world: World) -> Iterator[Figure]:
    """The notices of the answer files against items beside those of the company; then single ones, each posted and held.

    Raises LotwatchError when something affected can be picked, or something is held for sure that is not affected.
    """
    folder = os.environ.get("LOTWATCH_REALDATA")
    files = {"notices": made() + (real(Path(folder)) if folder else []), "notices of the second file": made(SECOND)}
    context = world.context()
    told: dict[str, Any] | None = None
    for what, notices in files.items():
        with world.connect() as conn:
            company = Company(conn, told)
            stock(company, notices)
            told = company.remembered()  # or the second file's events would be the first one's again
            conn.autocommit = True
            with Stopwatch() as watch:
                open_cases(conn, context)
            found = measure(company, notices)
        share = found.for_a_person / found.units
        console.print(
            f"          of {found.units:,} units: {len(found.escaped)} lots affected and pickable, {len(found.wrong)} held "
            f"wrongly, {share:.1%} for a person"
        )
        if found.escaped or found.wrong:
            raise LotwatchError("Matching is wrong", where=", ".join(found.escaped + found.wrong))
        yield Figure("match", f"{what} read, compared and held", len(notices), "notices", watch.seconds)
    times = []
    with world.connect() as conn:
        company = _stocked(conn, "MATCH")
        conn.autocommit = True
        for number in range(_TIMES):
            with Stopwatch() as watch:
                _post(company, context, "MATCH", number)
                receive(conn, context)
            times.append(watch.seconds)
        _need_held(conn, "MATCH", _TIMES)
    yield Figure("match", f"a notice posted and held, median of {_TIMES}", 1, "notices", median(times))


def measure_receive(world: World) -> Iterator[Figure]:
    """A notice through the real triggerer and scheduler, only `receive_notices` awake: posted to held."""
    times, context = [], world.context()
    with awake(world, "receive_notices", "notices_posted"), world.connect() as conn:
        company = _stocked(conn, "RECEIVE")
        conn.autocommit = True
        # Airflow names its watcher before that has begun
        wait_for(lambda: _one(conn, "is_listening")[0], "the watcher to listen", 180)
        for number in range(_TIMES):
            _post(company, context, "RECEIVE", number)
            began = perf_counter()
            wait_for(lambda: _held(conn, "RECEIVE") > number, "the hold", 120, every=0.02)  # noqa: B023  # at once
            times.append(perf_counter() - began)
    for what, seconds in ((f"median of {_TIMES}", median(times)), (f"slowest of {_TIMES}", max(times))):
        yield Figure("receive", f"a notice, posted to held, {what}", 1, "notices", seconds)


def _stocked(conn: psycopg.Connection, code: str) -> Company:
    """An item with a lot for each notice, by the firm that makes a fifth of the company's items, too."""
    conn.execute(query(__package__, "make_maker"), {"firm": code})
    company = Company(conn, {"_events": 0, "_rows": []})
    company.location(f"{code}-S", kind="supplier")
    company.location(f"{code}-DC", kind="site", supplied_by="supplier", time_zone="UTC")
    company.item(code, legal_manufacturer=code)
    company.add("identifier", item_code=code, code=f"NAT-{code}", package_level="unit", units_contained=1)
    company.add("device_record", udi_di=f"NAT-{code}", agency="NATIONAL", company=code, catalogue_number=f"{code}-1")
    for number in range(_TIMES):
        company.lot(f"{code}{number}", item=code)
        company.move(10, f"{code}-DC", f"{code}-S", item=code, lot=f"{code}{number}")
    company.post("bench_recall")
    return company


def _post(company: Company, context: RunContext, code: str, number: int) -> None:
    """A notice about one lot more, as a sync posts it."""
    conn = company.conn
    with conn.transaction():
        company.add(
            "notice", authority="fda", number=f"{code}-{number}", firm=code, said_at=AS_OF, recall_class="I",
            code_info=f"REF {code}-1: Lots {code}{number}",
        )  # fmt: skip
        batch_id = company.stage("bench_recall")
        verdict = {"batch_id": batch_id, "state": "judged", "counts": Jsonb({}), "error": None}
        conn.execute(query("lotwatch.gate", "close_batch"), verdict)
        post_batch(conn, context, batch_id)


def _held(conn: psycopg.Connection, code: str) -> int:
    return int(_one(conn, "count_recalled", item=code)[0])


def _one(conn: psycopg.Connection, name: str, **parameters: object) -> Any:
    return conn.execute(query(__package__, name), parameters).fetchone()


def _need_held(conn: psycopg.Connection, code: str, lots: int) -> None:
    if _held(conn, code) != lots:
        raise LotwatchError(f"{_held(conn, code)} lots are held, not {lots}", where=code)
