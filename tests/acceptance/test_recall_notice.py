"""A recall notice that is posted has a real Airflow hold what it concerns, and answer the case."""

import time
from datetime import UTC, datetime

import psycopg

from lotwatch.audit import begin_run
from lotwatch.jobs.letters import receive
from lotwatch.sources.letters import Stated, read_letter
from lotwatch_local.settings import Settings
from lotwatch_local.waiting import wait_for
from sandbox.airflow_api import Airflow
from tests.conftest import AirflowSite
from tests.integration.company import Company, context

DI = "09506000134352"
LETTER = f"Please return at once. UDI-DI {DI}: Lots B7, B8.".encode()


def test_a_letter_is_held_moments_after_it_is_loaded_and_its_case_is_responded_to(
    airflow: AirflowSite, database: Settings
) -> None:
    ops = Airflow(airflow.url, "ops", airflow.passwords["ops"])
    for name in ("receive_notices", "respond_to_recall"):
        ops.unpause(name)
        ops.parse(name)
    watched = {"name_pattern": "notices_posted"}
    wait_for(lambda: ops.call("GET", "/assets", params=watched)["assets"][0]["watchers"], "the watcher", 180)
    assert ops.call("GET", "/pools/recall")["slots"] == 4
    with psycopg.connect(database.database_url("app", "lotwatch")) as conn:
        company = Company(conn, {"_events": 10_000, "_rows": []})
        company.location("RCL-S", kind="supplier")
        company.location("RCL-DC", kind="site", supplied_by="supplier", time_zone="UTC")
        company.add("supplier", code="RCL-S1", name="Supplier")
        company.item("RCL-7")
        company.add("identifier", item_code="RCL-7", code=DI, package_level="unit", units_contained=1)
        company.lot("B7", item="RCL-7")
        company.move(5, "RCL-DC", "RCL-S", item="RCL-7", lot="B7")
        company.post("recall")
        conn.autocommit = True
        stated = Stated(supplier="RCL-S1", number="RCL-1", written_on=None, recall_class="I", action_kind="remove",
                        firm=None, code_info=None, catalogue_numbers=())  # fmt: skip
        run = begin_run(conn, context("board", "letter", datetime.now(UTC)))
        receive(conn, run, read_letter(LETTER, "letter.txt"), stated)
        posted = time.monotonic()
        held = (
            "SELECT hold.reference, hold.cause FROM lotwatch.held_stock AS held JOIN lotwatch.hold USING (hold_id)"
            " JOIN lotwatch.item ON item.item_id = held.item_id WHERE item.code = 'RCL-7'"
        )
        code, cause = wait_for(lambda: conn.execute(held).fetchone(), "the lot to be held", 90)
        print(f"posted to held: {time.monotonic() - posted:.1f} s")
        assert cause == "recall"
    runs = wait_for(
        lambda: [run for run in ops.runs("respond_to_recall") if run["partition_key"] == code], "the response", 90
    )
    assert ops.wait_for_run("respond_to_recall", runs[0]["dag_run_id"]) == "success"
    print(f"posted to responded: {time.monotonic() - posted:.1f} s")
    with psycopg.connect(database.database_url("app", "lotwatch")) as conn:
        places = (
            "SELECT DISTINCT place.code FROM lotwatch.recall_task AS task JOIN lotwatch.recall_case USING (case_id)"
            " JOIN lotwatch.location AS place ON place.location_id = task.place_id WHERE recall_case.code = %s"
        )
        assert conn.execute(places, (code,)).fetchall() == [("RCL-DC",)]
        to = "SELECT payload->'subscribers'->>0 FROM lotwatch.outbox WHERE payload->'data'->>'code' = %s"
        assert {"recall", "quality", "warehouse"} <= {name for (name,) in conn.execute(to, (code,))}
