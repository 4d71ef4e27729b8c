"""What the gate kept back is told once, looked at, mended by a person, and in the ledger at once."""

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lotwatch.audit import RunContext
from lotwatch.delivery.messages import render
from lotwatch.errors import GateError
from lotwatch.gate import Selection, broken_rules, list_batches
from lotwatch.jobs import mend, quality, sync
from lotwatch.paths import EXPECTATIONS
from lotwatch.sources.connector import Page, Record
from lotwatch.sources.registry import Source
from tests.integration.company import NOW, Company, context

from tests.integration.test_cli import lotwatch  # isort: skip  # a fixture
from tests.worlds import prepared

__all__ = ["lotwatch"]


class Memory:
    """A source that tells what it is given, once."""

    entities = ("movement",)

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows

    def changed(self, entity: str, cursor: Any) -> Iterator[Page]:
        records = [Record(row["source_key"], {"told": row["source_key"]}, row, ()) for row in self.rows]
        yield Page(records, {"at": len(records)})

    def changed_between(self, entity: str, start: Any, end: Any) -> Iterator[Page]:
        raise NotImplementedError

    def server_time(self) -> Any:
        return NOW


def movement(key: str, **changes: Any) -> dict[str, Any]:
    plain = {"item_code": "I1", "lot_number": "L1", "from_location": "SUPPLIER", "to_location": "DC", "quantity": 1}
    return {"source_key": key, "occurred_at": NOW, **plain, **changes}


@prepared
def known(company: Company) -> None:
    """An item with a lot."""
    company.item()
    company.lot()
    company.post()


@pytest.fixture
def wms(known: Company) -> Company:
    """With a connection as a task has it."""
    known.conn.autocommit = True
    return known


def told(conn: psycopg.Connection) -> list[dict[str, Any]]:
    """The messages so far."""
    return [row[0] for row in conn.execute("SELECT payload FROM lotwatch.outbox ORDER BY outbox_id")]


def run(
    wms: Company, rows: list[dict[str, Any]], tmp_path: Path, run_id: str = "run", source: Source | None = None
) -> Any:
    """One sync of the WMS: pull, gate, post."""
    circumstances = context("sync_wms", run_id)
    sync.pull(wms.conn, circumstances, "wms", Memory(rows), None)
    limits = sync.thresholds(source) if source else {}
    counts = sync.gate(wms.conn, circumstances, "wms", tmp_path, limits)
    return counts | {"posted": sync.post(wms.conn, circumstances, "wms")}


def batch_of(conn: psycopg.Connection) -> Any:
    return list_batches(conn, source="wms", limit=1)[0]


def bad(count: int) -> list[dict[str, Any]]:
    return [movement(f"bad {number}", quantity=0) for number in range(count)]


STRICT = Source.model_validate({
    "kind": "tryton_warehouse",
    "connection": "tryton",
    "schedule": "@hourly",
    "thresholds": {"movement": {"share": 0.1, "rows": 2}},
})


def test_a_source_s_own_threshold_decides_whether_its_batch_goes_on(wms: Company, tmp_path: Path) -> None:
    rows = [*bad(2), *(movement(f"good {number}") for number in range(8))]
    with pytest.raises(GateError, match="stopped 1 of 1"):
        run(wms, rows, tmp_path, source=STRICT)
    assert batch_of(wms.conn).state == "stopped"
    assert wms.position("DC") == 0

    run(wms, [movement("fine")], tmp_path, "next")
    assert wms.position("DC") == 1, "a stopped batch does not stop those after it"


def test_a_stopped_batch_is_released_by_a_person_and_posted_at_once(wms: Company, tmp_path: Path) -> None:
    with pytest.raises(GateError):
        run(wms, [*bad(25), movement("good", quantity=7)], tmp_path)
    stopped = batch_of(wms.conn)
    found = mend.judge_batch(
        wms.conn, context("cli", "release"), stopped.batch_id, reason="so it is", docs=tmp_path, accepted_share=1.0
    )
    assert (found["passed"], found["quarantined"], found["posted"]) == (1, 25, {"movement": 1})
    assert wms.position("DC") == 7
    assert batch_of(wms.conn).state == "posted"
    audit = wms.conn.execute(
        "SELECT action, reason, after ->> 'accepted_share' FROM lotwatch.audit_event WHERE object_kind = 'batch'"
        " AND object_id = %s AND action = 'judge batch again'",
        (str(stopped.batch_id),),
    ).fetchone()
    assert audit == ("judge batch again", "so it is", "1.0")


def test_a_higher_share_counts_for_one_batch_alone(wms: Company, tmp_path: Path) -> None:
    rows = [*bad(25), *(movement(f"good {number}") for number in range(25))]
    with pytest.raises(GateError):
        run(wms, rows, tmp_path)
    number = batch_of(wms.conn).batch_id
    with pytest.raises(GateError, match="40%"):
        mend.judge_batch(wms.conn, context("cli", "a"), number, reason="try", docs=tmp_path, accepted_share=0.4)
    mend.judge_batch(wms.conn, context("cli", "b"), number, reason="try", docs=tmp_path, accepted_share=0.6)
    assert wms.position("DC") == 25
    later = [movement(f"later {n}", quantity=0) for n in range(25)] + [movement(f"l {n}") for n in range(25)]
    with pytest.raises(GateError, match="20%"):
        run(wms, later, tmp_path, "later")


def test_a_discarded_batch_loses_nothing_that_was_read(wms: Company, tmp_path: Path) -> None:
    with pytest.raises(GateError):
        run(wms, [*bad(25), movement("good")], tmp_path)
    number = batch_of(wms.conn).batch_id
    assert mend.discard_batch(wms.conn, context("cli", "d"), number, reason="a test system") == 26
    assert batch_of(wms.conn).state == "discarded"
    kept = wms.conn.execute(
        "SELECT source_key, state, raw, reasons FROM lotwatch.quarantine WHERE source_key = 'good'"
    ).fetchall()
    assert kept == [("good", "discarded", {"told": "good"}, ["a test system"])]
    assert wms.conn.execute("SELECT count(*) FROM stage.movement").fetchone() == (0,)
    for decide in (mend.discard_batch, lambda *a, **k: mend.judge_batch(*a, **k, docs=tmp_path)):
        with pytest.raises(GateError, match="is discarded"):
            decide(wms.conn, context("cli", "e"), number, reason="again")


def test_ops_gets_one_message_for_a_run_with_counts_examples_and_where_to_look(wms: Company, tmp_path: Path) -> None:
    circumstances = context("sync_wms", "run")
    for rows in (
        [*bad(25)],
        [movement("m1", quantity=0), movement("m2", occurred_at=None)],
        [movement("m3")],
    ):
        sync.pull(wms.conn, circumstances, "wms", Memory(rows), None)
    with pytest.raises(GateError) as stopped:
        sync.gate(wms.conn, circumstances, "wms", tmp_path)
    assert stopped.value.told
    (message,) = told(wms.conn)
    assert (message["template"], message["to"]) == ("gate", ["ops"])
    assert message["about"] == {"sources": ["wms"]}
    data = message["data"]
    assert (data["fresh"], data["read"], data["passed"]) == (2, 3, 1)
    assert [each["bad"] for each in data["stopped"]] == [[{"entity": "movement", "fresh": 25, "judged": 25}]]
    assert {row["rule"]: row["count"] for row in data["rows"]} == {"MOV005": 26, "MOV006": 1}
    assert data["docs"].endswith("site/index.html")
    for language, words in (("en", "movements: 25 of 25"), ("zh", "库存移动：25 条中 25 条")):
        content = render("gate", language, data, "http://board")
        assert words in content["text"]
        assert words in content["html"]
        assert "http://board/plugin/lotwatch/lotwatch/quality?source=wms" in content["text"]


def test_what_was_told_is_not_told_again_and_what_was_not_is_told_by_the_next_run(
    wms: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killing:
        killing.setattr("lotwatch.jobs.sync.tell_gated", die)
        with pytest.raises(KeyboardInterrupt):
            run(wms, [movement("m1", quantity=0)], tmp_path)
    assert told(wms.conn) == []
    assert sync.gate(wms.conn, context("sync_wms", "next"), "wms", tmp_path) == {"batches": 0}
    assert [message["data"]["fresh"] for message in told(wms.conn)] == [1]
    run(wms, [movement("m1", quantity=0)], tmp_path, "third")
    assert len(told(wms.conn)) == 1


def test_what_waits_for_days_is_told_of_once_a_day_and_what_is_fresh_is_not(wms: Company, tmp_path: Path) -> None:
    run(wms, [movement("m1", quantity=0), movement("m2", quantity=-1)], tmp_path)
    wms.conn.execute("DELETE FROM lotwatch.outbox")
    wms.conn.execute("UPDATE lotwatch.quarantine SET first_seen = %s - interval '3 days'", (NOW,))
    house = context("keep_house", "night")
    assert quality.tell_waiting(wms.conn, house) == {"waiting": 2}
    quality.tell_waiting(wms.conn, context("keep_house", "again"))
    (message,) = told(wms.conn)
    assert message["data"]["rows"][0]["count"] == 2
    assert message["data"]["since"] == "2026-06-12"
    assert "数量 0 不大于 0" in render("quarantine_waiting", "zh", message["data"], "http://board")["text"]
    wms.conn.execute("DELETE FROM lotwatch.outbox")
    wms.conn.execute("UPDATE lotwatch.quarantine SET first_seen = %s - interval '1 hour'", (NOW,))
    assert quality.tell_waiting(wms.conn, house) == {"waiting": 0}
    assert told(wms.conn) == []


@pytest.fixture
def suites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the suites that the jobs use."""
    copy = shutil.copytree(EXPECTATIONS, tmp_path / "expectations")
    monkeypatch.setattr("lotwatch.jobs.sync.EXPECTATIONS", copy)
    monkeypatch.setattr("lotwatch.jobs.mend.EXPECTATIONS", copy)
    return copy


def _break(suites: Path, query: str) -> None:
    path = suites / "movement.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["expectations"][4]["type"] = "unexpected_rows_expectation"
    content["expectations"][4]["kwargs"] = {"unexpected_rows_query": query}
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("SELECT record_no FROM {batch} WHERE 1 / (quantity - quantity) > 0", "division by zero"),
        (
            "SELECT b.record_no FROM {batch} AS b JOIN lotwatch.item AS m ON m.code = b.item_code WHERE m.vanished",
            "column m.vanished does not exist",
        ),
    ],
    ids=["cannot be computed", "a column that vanished"],
)
def test_a_broken_check_is_told_as_such_with_file_rule_and_what_to_do_and_no_record_is_refused(
    wms: Company, tmp_path: Path, suites: Path, query: str, says: str
) -> None:
    original = (suites / "movement.json").read_text(encoding="utf-8")
    _break(suites, query)
    with pytest.raises(GateError):
        run(wms, [movement("m1"), movement("m2", item_code="NEW", lot_number=None)], tmp_path)
    assert wms.conn.execute("SELECT count(*) FROM lotwatch.quarantine").fetchone() == (0,)
    (message,) = told(wms.conn)
    number = batch_of(wms.conn).batch_id
    text = render("gate", "en", message["data"], "http://board")["text"]
    for words in ("a check is broken, not the data", "movement.json", "MOV005", says, f"lotwatch batch judge {number}"):
        assert words in text
    assert broken_rules(wms.conn, [number]) == []

    (suites / "movement.json").write_text(original, encoding="utf-8")
    mend.judge_batch(wms.conn, context("cli", "mended"), number, reason="suite corrected", docs=tmp_path)
    assert wms.position("DC") == 1
    assert wms.conn.execute("SELECT source_key FROM lotwatch.quarantine").fetchall() == [("m2",)]


def test_without_a_referee_a_broken_check_is_named_too(wms: Company, suites: Path) -> None:
    """Where events must not wait for Great Expectations, the split alone says which rule it is."""
    wms.add("movement", **movement("m1"))
    _break(suites, "SELECT record_no FROM {batch} WHERE 1 / (quantity - quantity) > 0")
    from lotwatch.gate import run_gate

    batch_id = wms.stage(judged=False)
    report = run_gate(wms.conn, [batch_id], suites=suites, docs=Path(), as_of=NOW, referee=False)
    assert "MOV005: division by zero" in (report.batches[0].error or "")


def waiting(conn: psycopg.Connection) -> dict[str, int]:
    rows = conn.execute("SELECT source_key, quarantine_id FROM lotwatch.quarantine WHERE state = 'open'")
    return dict(rows.fetchall())


def test_records_are_corrected_replayed_and_in_the_ledger_at_once(wms: Company, tmp_path: Path) -> None:
    run(wms, [movement("m1", quantity=0), movement("m2", quantity=0), movement("m3", quantity=0)], tmp_path)
    ids = waiting(wms.conn)
    mended = mend.replay(
        wms.conn,
        context("cli", "replay", actor="olga"),
        Selection(rule="MOV005"),
        reason="read off the slips",
        corrections_of={ids["m1"]: {"quantity": 5}, ids["m2"]: {"quantity": "7"}},
    )
    assert (mended.selected, mended.passed, mended.posted["movement"]) == (3, 2, 2)
    assert [row.source_key for row in mended.refused] == ["m3"]
    assert wms.position("DC") == 12
    assert waiting(wms.conn).keys() == {"m3"}
    assert len(told(wms.conn)) == 1, "whoever replays sees what became of it: no message"
    actors = wms.conn.execute("SELECT DISTINCT actor FROM lotwatch.audit_event WHERE action = 'replay'").fetchall()
    assert actors == [("olga",)]


def test_a_dry_run_says_what_would_become_of_records_and_keeps_nothing(wms: Company, tmp_path: Path) -> None:
    run(wms, [movement("m1", quantity=0), movement("m2", quantity=0)], tmp_path)
    ids = waiting(wms.conn)
    before = wms.conn.execute("SELECT count(*) FROM lotwatch.batch").fetchone()
    mended = mend.replay(
        wms.conn,
        context("cli", "r"),
        Selection(source="wms"),
        reason="?",
        corrections_of={ids["m1"]: {"quantity": 5}},
        dry_run=True,
    )
    assert (mended.passed, [row.reasons for row in mended.refused]) == (1, [["Quantity 0 of item I1 is not above 0"]])
    assert mended.posted["movement"] == 1
    assert wms.position("DC") == 0
    assert waiting(wms.conn) == ids
    assert wms.conn.execute("SELECT count(*) FROM lotwatch.batch").fetchone() == before


def test_many_records_are_replayed_portion_by_portion(
    wms: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lotwatch.jobs.mend.AT_ONCE", 4)
    run(wms, [movement(f"m{n}", to_location="NEW SHELF") for n in range(10)], tmp_path)
    wms.location("NEW SHELF", kind="bin", parent_code="DC")
    wms.conn.autocommit = False
    wms.post("erp")
    wms.conn.autocommit = True
    progress: list[tuple[int, int]] = []
    mended = mend.replay(
        wms.conn,
        context("cli", "r"),
        Selection(rule="REF007"),
        reason="it came",
        progress=lambda *at: progress.append(at),
    )
    # the first portion's batch takes along all that only waits for a reference, so nothing is left for the later ones
    assert mended.passed == mended.selected == 10
    assert progress == [(4, 10), (8, 10), (10, 10)]
    assert wms.position("NEW SHELF") == 10


@pytest.mark.parametrize(
    ("selection", "corrections_of", "says"),
    [
        (Selection(), {}, "not said which records"),
        (Selection(ids=[4711]), {}, r"\[4711\]"),
        (Selection(entity="movement"), {"m2": {"quantitty": 1}}, "did you mean quantity"),
        (Selection(entity="movement"), {"m2": {"quantity": "many"}}, "does not fit"),
        (Selection(entity="movement"), {"m2": {"stated": None}}, "not a field"),
    ],
)
def test_a_replay_that_makes_no_sense_names_the_record_and_changes_nothing(
    wms: Company, tmp_path: Path, selection: Selection, corrections_of: dict[str, Any], says: str
) -> None:
    run(wms, [movement("m1", quantity=0), movement("m2", quantity=0)], tmp_path)
    ids = waiting(wms.conn)
    by_id = {ids[key]: value for key, value in corrections_of.items()}
    with pytest.raises(GateError, match=says) as refused:
        mend.replay(wms.conn, context("cli", "r"), selection, reason="?", corrections_of=by_id)
    if by_id:
        assert f"quarantine {ids['m2']}, movement" in str(refused.value)
    assert waiting(wms.conn) == ids


def test_records_nobody_wants_are_discarded_and_kept(wms: Company, tmp_path: Path) -> None:
    run(wms, [movement("m1", quantity=0)], tmp_path)
    person: RunContext = context("cli", "d", actor="olga")
    assert mend.discard(wms.conn, person, Selection(source="wms"), reason="a test record") == 1
    assert waiting(wms.conn) == {}
    kept = wms.conn.execute("SELECT state, raw FROM lotwatch.quarantine").fetchall()
    assert kept == [("discarded", {"told": "m1"})]
    run(wms, [movement("m1", quantity=4)], tmp_path, "again")
    assert wms.position("DC") == 4


def test_the_dag_s_params_are_understood(wms: Company, tmp_path: Path) -> None:
    run(wms, [movement("m1", quantity=0)], tmp_path)
    (number,) = waiting(wms.conn).values()
    params = {"source": None, "entity": "", "rule": None, "ids": [], "corrections": {}, "dry_run": False}
    params |= {"corrections_of": {str(number): {"quantity": 3}}, "reason": "counted"}
    with pytest.raises(GateError, match="which records"):
        mend.replay_as_asked(wms.conn, context(), params)
    with pytest.raises(GateError, match="not said why"):
        mend.replay_as_asked(wms.conn, context(), params | {"ids": [number], "reason": " "})
    assert mend.replay_as_asked(wms.conn, context(), params | {"ids": [number]}).passed == 1


def test_records_go_into_a_spreadsheet_and_come_back_corrected(wms: Company, lotwatch, tmp_path: Path) -> None:
    run(wms, [movement("m1", quantity=0), movement("m2", quantity=0)], tmp_path)
    file = tmp_path / "wrong.csv"
    assert "2 records are in" in lotwatch("quarantine", "export", str(file), "--entity", "movement").stdout
    with file.open(encoding="utf-8-sig", newline="") as source:
        rows = list(csv.DictReader(source))
    assert rows[0]["reasons"] == "Quantity 0 of item I1 is not above 0"
    rows[0]["quantity"] = "6"
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    trial = lotwatch("quarantine", "import", str(file), "--reason", "slips", "--dry-run")
    assert "1 of 2 records would pass, 1 would not" in trial.stdout
    done = lotwatch("quarantine", "import", str(file), "--reason", "slips")
    assert done.exit_code == 1
    assert "1 of 2 records have corrections" in done.stdout
    assert "1 of 2 records passed, 1 stay in quarantine. New or changed: 1 movement" in done.stdout
    assert wms.position("DC") == 6
    assert "1 records are discarded" in lotwatch("quarantine", "discard", "--source", "wms", "--reason", "test").stdout


def test_records_and_batches_are_looked_at_from_the_shell(wms: Company, lotwatch, tmp_path: Path) -> None:
    with pytest.raises(GateError):
        run(wms, [*bad(25), movement("good")], tmp_path)
    number = str(batch_of(wms.conn).batch_id)
    assert "stopped" in lotwatch("batch", "list", "--state", "stopped").stdout
    shown = lotwatch("batch", "show", number).stdout
    assert "critical MOV005 (movement): 25 records" in shown
    assert "bad 0: Quantity 0 of item I1 is not above 0" in shown
    assert "1 of 26 records passed" in lotwatch("batch", "release", number, "--reason", "so it is").stdout
    row = str(waiting(wms.conn)["bad 3"])
    assert '"quantity": 0' in lotwatch("quarantine", "show", row).stdout
    assert "1 of 25 records passed" not in lotwatch("quarantine", "list", "--rule", "MOV005", "--limit", "1").stdout
    assert "1 of 25 open records" in lotwatch("quarantine", "list", "--rule", "MOV005", "--limit", "1").stdout
