"""`make demo`: sets everything up, runs the main job through Airflow's scheduler, and says what came of it."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from lotwatch import access
from lotwatch.audit import RunContext
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError
from lotwatch_local.airflow import LIMITED
from lotwatch_local.settings import Settings
from lotwatch_local.stack import console, step
from lotwatch_local.supervisor import Supervisor
from lotwatch_local.waiting import wait_for
from sandbox import files, probe, trial
from sandbox import programs as outside
from sandbox.airflow_api import PATIENCE, Airflow

#: the hospital of the trial company that the limited login works for
THEIR_SITE = "H-N1"
#: the site of which some shelves are counted
COUNTED = "H-N1"
SYNCS = ("sync_wms", "sync_procurement", "sync_quality")
#: carriers, regulators and a hospital: what they say refers to what the ERP knows
OTHER_SYNCS = ("sync_despatch", "sync_compliance", "sync_device_registry", "sync_hospital")
#: what a recall notice wakes
RECALLS = ("receive_notices", "respond_to_recall")


def main(
    data: Annotated[Path | None, typer.Option(help="a folder of real data to build the trial company from")] = None,
) -> None:
    """Set up and start everything, run the chain from sync to sent orders, and leave it running."""
    started = time.monotonic()
    try:
        settings = Settings(data=data)
        console.print("[bold]Setting up[/]")
        trial.start(settings, Supervisor(settings), datetime.now(UTC).date())
        airflow = Airflow(settings.airflow_url, "ops", settings.secrets["password_ops"])
        set_up = time.monotonic()
        run_chain(airflow, settings)
    except LotwatchError as error:
        console.print(f"[red]{error}[/]", soft_wrap=True)
        console.print(f"Logs are in {Settings().home}/logs. `make stop` stops what runs.")
        raise SystemExit(1) from None
    summarise(settings)
    ended = time.monotonic()
    console.print(f"Set up in {set_up - started:.0f} s, the chain in {ended - set_up:.0f} s.\n")
    say_where(settings)


def run_chain(airflow: Airflow, settings: Settings) -> None:
    """Sync, plan, watch, ask, approve, send: each woken as in daily life. What was done before is not done again."""
    console.print("[bold]Running the chain through Airflow's scheduler[/]")
    with step("sync_wms: items, places, lots and movements from the ERP"):
        run(airflow, "sync_wms")
    with step(f"lotwatch access: the login {LIMITED} sees {THEIR_SITE} alone"):
        limit(settings)
    with step("sync_procurement and sync_quality"), ThreadPoolExecutor() as pool:
        for done in [pool.submit(run, airflow, dag_id) for dag_id in SYNCS[1:]]:
            done.result()
    with (
        step("sync_despatch, sync_compliance, sync_device_registry and sync_hospital"),
        ThreadPoolExecutor(max_workers=3) as pool,
    ):
        for done in [pool.submit(run, airflow, dag_id) for dag_id in OTHER_SYNCS]:
            done.result()
    with step("sync_logistics: what carriers saw of the deliveries"):
        run(airflow, "sync_logistics")
    with step("receive_notices: what a recall names is held"):
        for dag_id in RECALLS:
            airflow.unpause(dag_id)
        airflow.wait_for_run("receive_notices", airflow.trigger("receive_notices"))
    with step("lotwatch load lane, location: what may go between which sites, and where the bays are"):
        files.bring_in_lanes(settings)
        files.bring_in_bays(settings)
    airflow.unpause("handle_events")
    with step("handle_events: a temperature probe pushes its readings"):
        probe.push(settings)
        wait_for(lambda: ask(settings, "unread")[0][0] == 0, "the readings to be posted", PATIENCE)
    with (
        step("plan_policies: reorder points; check_consistency: what systems say differently"),
        ThreadPoolExecutor() as pool,
    ):
        for done in [pool.submit(run, airflow, dag_id) for dag_id in ("plan_policies", "check_consistency")]:
            done.result()
    airflow.unpause("ask_approval")
    with step("watch_inventory: rules, alerts, proposals"):
        run(airflow, "watch_inventory", now=True)
    answer(airflow, settings)
    with step("respond_to_recall: where it lies there are tasks, and everybody is told"):
        airflow.wait_until_idle("respond_to_recall")
    outside.control(settings, "portal", "policy", policy="mixed")
    airflow.unpause("send_outbox")
    with step(
        "send_outbox: drafts in the ERP, orders at the portal in REST, UBL and cXML, suppliers' answers, messages"
    ):
        wait_for(lambda: outbox_is_empty(settings), "the outbox to be empty", PATIENCE)
    with step(f"lotwatch load count: a stocktake of {COUNTED}, for an approver to decide"):
        files.bring_in_count(settings, COUNTED)
    with step("keep_house: partitions, a snapshot, everything derived compared with the movements"):
        run(airflow, "keep_house")


def limit(settings: Settings) -> None:
    """As an administrator: give the limited login its hospital, unless it was given one before."""
    now = datetime.now(UTC)
    context = RunContext("demo", f"demo__{now.isoformat()}", "manual", "access grant", -1, 1, None, now, "admin")
    with psycopg.connect(settings.database_url("app", "lotwatch")) as conn:
        if not any(given.sites for given in access.grants(conn) if given.user_name == LIMITED):
            access.grant(conn, context, LIMITED, THEIR_SITE, "it works there")


def run(airflow: Airflow, dag_id: str, *, now: bool = False) -> None:
    """Run a DAG and wait for its end. Un-pausing it starts the run that is due; an un-paused one is triggered.

    The run that was due looks at the moment when it was due, which may be yesterday: with `now` another one is triggered,
    that looks at this moment.
    """
    was_paused = airflow.unpause(dag_id)
    if was_paused:
        wait_for(lambda: airflow.runs(dag_id), f"{dag_id} to start", PATIENCE)
        runs = airflow.wait_until_idle(dag_id)
    if now or not was_paused:
        run_id = airflow.trigger(dag_id)
        airflow.wait_for_run(dag_id, run_id)
        runs = [each for each in airflow.runs(dag_id) if each["dag_run_id"] == run_id]
    failed = [each["dag_run_id"] for each in runs if each["state"] == "failed"]
    if failed:
        where = f"{airflow.url}/dags/{dag_id}/runs/{failed[-1]}"
        raise LotwatchError(f"{dag_id} failed", where=where, do="read the log of the red task")


def answer(airflow: Airflow, settings: Settings) -> None:
    """As an ops user: reject one order, leave one waiting, approve the others."""
    wait_for(lambda: ask(settings, "unasked")[0][0] == 0, "the guards and the questions", PATIENCE)
    asked = waiting_orders(settings)
    if asked < 3:
        console.print(f"          [dim]{asked} orders wait: nothing to approve (a second demo changes nothing)[/]")
        return
    with step("ask_approval: one order rejected, one left waiting, the others approved"):
        rejected, left = (code for (code,) in ask(settings, "first_two_waiting"))
        choice = {rejected: "Reject", left: None}
        airflow.answer_until(
            lambda subject: choice.get(subject.split(":")[0], "Approve"),
            lambda: waiting_orders(settings) == 1,
            "the decisions to be written",
        )


def waiting_orders(settings: Settings) -> int:
    return int(ask(settings, "waiting_orders")[0][0])


def outbox_is_empty(settings: Settings) -> bool:
    return ask(settings, "unsent")[0][0] == 0


def ask(settings: Settings, name: str) -> list[tuple]:
    """Answer of one of the demo's own questions to Lotwatch's database."""
    with psycopg.connect(settings.database_url("app", "lotwatch")) as conn:
        return conn.execute(query("sandbox", name)).fetchall()


def summarise(settings: Settings) -> None:
    """What was read, quarantined, alerted, proposed, approved, sent, refused, and why."""
    console.print("\n[bold]What came of it[/]")
    for count, what in ask(settings, "summary"):
        console.print(f"  {count:>7,}  {what}", soft_wrap=True)
    console.print()


def say_where(settings: Settings) -> None:
    """Addresses, logins and how to stop."""
    url = settings.airflow_url
    console.print(
        f"Airflow     {url}   login: ops / {settings.secrets['password_ops']}  (more: make status)", soft_wrap=True
    )
    console.print(f"Board       {url}/plugin/lotwatch   in Airflow's navigation: Lotwatch", soft_wrap=True)
    for code, title in ask(settings, "largest_recall"):
        console.print(f"Recalls     {url}/plugin/lotwatch/lotwatch/recalls   such as {code}: {title}", soft_wrap=True)
    console.print(f"Approvals   {url}/required_actions?response_received=false", soft_wrap=True)
    console.print(
        f"Portal      http://127.0.0.1:{settings.port_portal}/   orders as the supplier sees them", soft_wrap=True
    )
    messages = f"http://127.0.0.1:{settings.port_channels}/"
    console.print(f"Messages    {messages}   SMS, robots in groups and other mail", soft_wrap=True)
    console.print(f"Mail        http://127.0.0.1:{settings.port_mail}/   messages that were sent", soft_wrap=True)
    console.print("Everything goes on running. `make stop` stops it, `make clean` removes its data.", soft_wrap=True)


if __name__ == "__main__":
    typer.run(main)
