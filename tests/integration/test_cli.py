"""The commands, as the ops team types them."""

import csv
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from lotwatch.cli import app
from lotwatch.errors import LotwatchError
from tests.integration.company import NOW, Company
from tests.worlds import prepared


@prepared
def stocked(company: Company) -> None:
    company.item()
    company.lot()
    company.move(50, "DC", days_ago=20, key="receipt")
    company.move(20, "HOSP/OR", "DC", days_ago=10, key="transfer")
    company.post()


@pytest.fixture
def lotwatch(db_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("LOTWATCH_DATABASE", db_url)
    monkeypatch.setenv("LOTWATCH_HOME", str(tmp_path))
    monkeypatch.setenv("USER", "olga")

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(app, list(arguments))
        if isinstance(result.exception, LotwatchError):
            raise result.exception
        return result

    return run


def test_a_ledger_that_reconciles_says_so(stocked: Company, lotwatch) -> None:
    result = lotwatch("ledger", "verify")
    assert (result.exit_code, result.stdout.strip()) == (0, "Everything derived equals the movements.")


def test_differences_are_listed_and_rebuilt(stocked: Company, lotwatch) -> None:
    stocked.conn.execute("UPDATE lotwatch.position SET quantity = 31 WHERE quantity = 30")
    stocked.conn.commit()
    found = lotwatch("ledger", "verify")
    assert found.exit_code == 1
    assert "I1 @ DC lot L1 own unrestricted" in found.stdout
    assert "1 rows differed" in lotwatch("ledger", "rebuild").stdout
    assert lotwatch("ledger", "verify").exit_code == 0
    actor = stocked.conn.execute("SELECT actor FROM lotwatch.audit_event WHERE action = 'ledger rebuilt'").fetchone()
    assert actor == ("olga",)


def test_stock_is_shown_of_any_moment(stocked: Company, lotwatch) -> None:
    def available(*when: str) -> dict[str, str]:
        rows = [line.split() for line in lotwatch("ledger", "stock", *when).stdout.splitlines()[1:-1]]
        return {row[1]: row[6] for row in rows}

    assert available() == {"DC": "30", "HOSP": "20"}
    assert available("--at", str((NOW.replace(day=1)).date())) == {"DC": "50"}
    assert "no moment" in lotwatch("ledger", "stock", "--at", "yesterday").stderr


def test_a_hold_is_placed_listed_and_released_by_its_own_authority(stocked: Company, lotwatch) -> None:
    place = ("hold", "place", "recall", "RC-1", "--reason", "notice", "--item", "I1", "--lot", "L1")
    assert "Hold 1 is in force" in lotwatch(*place).stdout
    assert "in force already" in lotwatch(*place).stdout
    assert "only by recall" in lotwatch("hold", "list").stdout
    with pytest.raises(LotwatchError, match="Only recall may release"):
        lotwatch("hold", "release", "1", "--authority", "quality", "--reason", "fine")
    assert lotwatch("hold", "release", "1", "--authority", "recall", "--reason", "not affected").exit_code == 0
    assert "RC-1" not in lotwatch("hold", "list").stdout
    assert "RC-1" in lotwatch("hold", "list", "--all").stdout
    with pytest.raises(LotwatchError, match='There is no lot "L9"'):
        lotwatch("hold", "place", "recall", "RC-2", "--reason", "notice", "--item", "I1", "--lot", "L9")


def test_a_count_goes_from_its_file_to_its_approval(stocked: Company, lotwatch, tmp_path: Path) -> None:
    path = tmp_path / "count.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([
            "number",
            "kind",
            "site_code",
            "location_code",
            "item_code",
            "lot_number",
            "quantity",
            "counted_at",
            "counted_by",
        ])
        writer.writerow(["C-1", "count", "DC", "DC", "I1", "L1", 28, NOW.isoformat(), "wendy"])
    loaded = lotwatch("load", "count", str(path))
    assert "1 records read, 1 good" in loaded.stdout, loaded.stdout
    listed = lotwatch("count", "list").stdout
    assert "ST-000001" in listed
    assert "proposed" in listed
    assert "-2" in lotwatch("count", "show", "ST-000001").stdout
    with pytest.raises(LotwatchError, match="Who counted may not approve"):
        lotwatch("count", "approve", "ST-000001", "--actor", "wendy")
    assert "1 movements" in lotwatch("count", "approve", "ST-000001", "--note", "seen").stdout
    assert stocked.position("DC") == 28


def test_a_label_is_read(lotwatch) -> None:
    result = lotwatch("udi", "(01)04012345678901(17)271231(10)AB12")
    assert "AB12" in result.stdout
    assert "2027-12-31" in result.stdout


def test_a_snapshot_is_taken_once(stocked: Company, lotwatch) -> None:
    assert "1 positions kept" in lotwatch("ledger", "snapshot", "2026-06-01").stdout
    assert "kept before" in lotwatch("ledger", "snapshot", "2026-06-01").stdout
    with psycopg.connect(stocked.conn.info.dsn, password=stocked.conn.info.password) as conn:
        assert conn.execute("SELECT count(*) FROM lotwatch.snapshot").fetchone() == (1,)


def test_what_was_pushed_is_listed_shown_and_read_again(stocked: Company, lotwatch, db_url: str) -> None:
    from lotwatch.jobs import events
    from tests.integration.test_inbox import body, event, push

    push(db_url, body(event("a", 2), event_id="msg_good"), body(content=b"{", event_id="msg_bad"))
    events.handle(stocked.conn, stocked.context)
    stocked.conn.commit()
    listed = lotwatch("inbox", "list").stdout
    assert "msg_good" in listed
    assert "posted" in listed
    unreadable = lotwatch("inbox", "list", "--unreadable").stdout
    assert "msg_good" not in unreadable
    assert "msg_bad" in unreadable
    number = next(line.split()[0] for line in unreadable.splitlines() if "msg_bad" in line)
    assert lotwatch("inbox", "show", number, "--body").stdout == "{"
    assert "not JSON" in lotwatch("inbox", "show", number).stdout
    again = lotwatch("inbox", "replay", "--source", "events", "--reason", "mended")
    assert "Read once more: 1" in again.stdout
    assert "msg_bad" in lotwatch("inbox", "list", "--waiting").stdout
    with pytest.raises(LotwatchError, match="number 77"):
        lotwatch("inbox", "replay", "77", "--reason", "why")
