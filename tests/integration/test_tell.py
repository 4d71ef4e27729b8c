"""What people are told of alerts: only what concerns them, once, many alike as one line, in their language."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from lotwatch import rules
from lotwatch.delivery.dispatch import content_of
from lotwatch.delivery.messages import Content, catalogue, render, samples
from lotwatch.delivery.people import People
from lotwatch.formats import Language
from lotwatch.jobs import tell
from lotwatch.jobs.people import check
from tests.integration.company import NOW, Company, context

TABLE = """
- id: stockout
  title: {en: Stock-out risk, zh: 缺货风险}
  subject: item_site
  when: available < 5
  severity: [{level: warning}]
  notify: [buyer]
  escalate_after: 4h
  escalate_to: [director]
  advice: {en: Buy some., zh: 请采购。}
  duty:
    jurisdiction: eu
    role: maker
    within: {en: 2 days, zh: 2 日}
    clock_start: the sale
    recipient: {en: the authority, zh: 主管部门}
    source: x
- id: expired
  title: {en: Expired on the shelf, zh: 货架过期}
  subject: lot
  when: quantity > 0
  severity: [{level: warning}]
  notify: [quality]
  group_by: [supplier_code]
"""


@pytest.fixture(autouse=True)
def _rules(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "rules.yaml").write_text(TABLE, encoding="utf-8")
    known = rules.load_rules(tmp_path)
    monkeypatch.setattr(rules, "active_rules", lambda *_: known)


def people(**limits: Mapping[str, Any]) -> People:
    """`all` has every role; others have their limits besides."""
    plain = {"roles": ["buyer", "quality", "director"], "channels": [{"smtp": "a@x.example"}]}
    return People.model_validate({name: plain | limits.get(name, {}) for name in ("all", *limits)})


def alert(conn: psycopg.Connection, key: str, rule: str = "stockout", severity: str = "warning", **subject: Any) -> int:
    row = conn.execute(
        "INSERT INTO lotwatch.alert (rule_id, subject_kind, subject_key, rule_version, severity, subject, evidence,"
        " first_seen, last_seen) VALUES (%s, 'item_site', %s, 'v', %s, %s, %s, %s, %s) RETURNING alert_id",
        (rule, key, severity, Jsonb(subject), Jsonb({"available": 1234, "days_of_cover": 1.5}), NOW, NOW),
    ).fetchone()
    assert row is not None
    return int(row[0])


def told(conn: psycopg.Connection, who: People, lang: Language = "en", run: str = "run") -> dict[str, Content]:
    """Tell what is new, and what each subscriber reads of it."""
    tell.tell_alerts(conn, context("watch_inventory", run), who)
    return {name: content_of(conn, payload, lang, "http://board") for name, payload in payloads(conn, run).items()}


def payloads(conn: psycopg.Connection, run: str = "run") -> dict[str, dict[str, Any]]:
    rows = conn.execute("SELECT payload FROM lotwatch.outbox WHERE idempotency_key LIKE %s", (f"%:{run}:%",))
    return {row[0]["subscribers"][0]: row[0] for row in rows}


def test_a_message_says_what_where_how_bad_why_what_to_do_and_links_there(db: psycopg.Connection) -> None:
    number = alert(db, "I1@DC", item_code="I1", item_name="Stent", site_code="DC", site_name="North")
    company = Company(db)
    company.item()
    company.agreement()
    company.post()
    db.execute(
        "WITH made AS (INSERT INTO lotwatch.proposal (kind, supplier_id, site_id, currency, created_at)"
        " SELECT 'purchase_order', supplier_id, location_id, 'USD', now() FROM lotwatch.supplier, lotwatch.location AS l"
        " WHERE l.code = 'DC' RETURNING proposal_id) INSERT INTO lotwatch.proposal_line (proposal_id, item_id, alert_id,"
        " quantity, unit_price, requested_on, why) SELECT proposal_id, item_id, %s, 5, 1, now(), '{}'"
        " FROM made, lotwatch.item",
        (number,),
    )
    content = told(db, people())["all"]
    assert payloads(db)["all"]["alerts"] == [number], "by which the alert's page finds its messages"
    assert content["subject"] == "Stock-out risk, warning: Stent (I1), at North (DC)"
    assert "Why: available: 1,234 units; days of cover: 1.5 days" in content["text"]
    assert (
        "What to do: Buy some. Duty to the authority: 2 days, from the sale. Proposed: order LW-000001."
        in content["text"]
    )
    there = f"http://board/plugin/lotwatch/lotwatch/alerts/{number}"
    assert there in content["text"]
    assert there in content["html"]
    assert content["short"].startswith("Stock-out risk, warning: Stent (I1), at North (DC)")
    assert content["link"] == there


def test_it_is_said_in_chinese_to_who_reads_chinese(db: psycopg.Connection) -> None:
    alert(db, "I1@DC", item_code="I1", site_code="DC")
    content = told(db, people(), "zh")["all"]
    assert content["subject"] == "缺货风险（警告）：I1，位于 DC"
    assert "1,234 个" in content["text"]
    assert "请采购。 法规义务（主管部门）：2 日" in content["html"]


def test_the_same_alert_is_told_once_however_often_the_rules_are_evaluated(db: psycopg.Connection) -> None:
    alert(db, "I1@DC", item_code="I1")
    assert set(told(db, people())) == {"all"}
    for day in range(1, 4):
        assert told(db, people(), run=f"day {day}") == {}


def test_each_is_told_only_what_concerns_them(db: psycopg.Connection) -> None:
    alert(db, "I1@DC", item_code="I1", site_code="DC", region="N", category="stent")
    alert(db, "I2@H", item_code="I2", site_code="H", region="S", category="glove")
    alert(db, "I3", "expired", "critical", item_code="I3", category="glove")
    who = people(
        dc={"sites": ["DC"]},
        south={"regions": ["S"]},
        stents={"categories": ["stent"]},
        worst={"severity": "critical"},
        buyer={"roles": ["buyer"]},
    )
    told(db, who)
    found = {
        name: set(re.findall(r'"item_code": "(I\d)"', str(each).replace("'", '"')))
        for name, each in payloads(db).items()
    }
    assert found == {
        "all": {"I1", "I2", "I3"},
        "dc": {"I1", "I3"},  # what is about no site is about all of them
        "south": {"I2", "I3"},
        "stents": {"I1"},
        "worst": {"I3"},
        "buyer": {"I1", "I2"},
    }
    assert {name: each["severity"] for name, each in payloads(db).items()}["buyer"] == "warning"
    assert payloads(db)["all"]["severity"] == "critical"


def test_two_hundred_lots_of_one_supplier_are_one_message_and_one_line(db: psycopg.Connection) -> None:
    for number in range(200):
        alert(db, f"L{number}", "expired", lot_number=f"L{number}", supplier_code="S1", supplier_name="One")
    alert(db, "other", "expired", lot_number="L9", supplier_code="S2")
    db.execute(
        "UPDATE lotwatch.alert SET evidence = jsonb_build_object('available', 9, 'state', 's' || alert_id, 'physical',"
        " alert_id - (SELECT min(alert_id) FROM lotwatch.alert), 'usable_through', date '2026-07-01' + (alert_id % 2)::int)"
        " WHERE subject ->> 'supplier_code' = 'S1'"
    )
    content = told(db, people())["all"]
    assert db.execute("SELECT count(*) FROM lotwatch.outbox").fetchone() == (1,)
    assert content["subject"] == "201 new alerts"
    assert "Where: 200 of them, supplier One (S1), such as lot L0; lot L1; lot L10" in content["text"]
    assert "Where: lot L9, supplier S2" in content["text"]
    why = next(line for line in content["text"].splitlines() if line.startswith("Why: ") and "physical" in line)
    # what differs from lot to lot is not said as if it were of all: numbers and days are told from where to where
    assert set(why.removeprefix("Why: ").split("; ")) == {
        "available: 9 units", "physical: 0 to 199 units", "usable through: 1 Jul 2026 to 2 Jul 2026",
    }  # fmt: skip
    assert content["text"].count("Where:") == 2


def test_a_flood_of_a_hundred_thousand_is_one_bounded_message(db: psycopg.Connection) -> None:
    db.execute(
        "INSERT INTO lotwatch.alert (rule_id, subject_kind, subject_key, rule_version, severity, subject, evidence,"
        " first_seen, last_seen) SELECT rule, 'lot', n::text, 'v', 'warning',"
        " jsonb_build_object('item_code', 'I' || n, 'supplier_code', 'S' || n), '{\"available\": 1}', now(), now()"
        " FROM unnest(ARRAY['stockout', 'expired']) AS rule, generate_series(1, 50000) AS n"
    )
    content = told(db, people())["all"]
    assert content["subject"] == "100,000 new alerts"
    assert "By rule: " in content["text"]
    assert "Stock-out risk 50,000" in content["text"]
    assert "… and 49,981 more" in content["text"], "a line for each supplier, and one for the rule without a group"
    assert len(content["html"]) < 30_000
    size = db.execute("SELECT length(payload::text) FROM lotwatch.outbox").fetchone()
    assert size is not None
    assert size[0] < 30_000


def test_what_comes_again_says_so(db: psycopg.Connection) -> None:
    alert(db, "I1@DC", item_code="I1")
    told(db, people())
    db.execute("UPDATE lotwatch.alert SET recurrences = 2, notified_at = NULL")
    assert "again, 2× before" in told(db, people(), run="again")["all"]["subject"]


def test_when_a_critical_alert_is_over_who_heard_of_it_is_told_once(db: psycopg.Connection) -> None:
    alert(db, "I1@DC", severity="critical", item_code="I1")
    alert(db, "I2@DC", item_code="I2")
    told(db, people())
    db.execute("UPDATE lotwatch.alert SET state = 'resolved', resolved_at = %s", (NOW,))
    over = told(db, people(), run="over")
    assert over["all"]["subject"] == "1 critical alert is over"
    assert "I1" in over["all"]["text"]
    assert told(db, people(), run="even later") == {}


def test_whoever_is_further_up_is_told_of_what_nobody_acknowledged(db: psycopg.Connection) -> None:
    alert(db, "I1@DC", item_code="I1", severity="critical")
    who = people(director={"roles": ["director"]}, buyer={"roles": ["buyer"]})
    assert set(told(db, who)) == {"all", "buyer"}
    later = context("watch_inventory", "later", NOW + timedelta(hours=5))
    assert tell.tell_alerts(db, later, who)["escalated"] == 1
    assert set(payloads(db, "later")) == {"all", "director"}
    content = content_of(db, payloads(db, "later")["director"], "en", "http://board")
    assert "nobody has acknowledged it" in content["subject"]
    assert "nobody has acknowledged them in time" in content["text"]
    assert tell.tell_alerts(db, later, who)["escalated"] == 0, "once for each time"


def test_an_alert_of_a_rule_that_is_no_more_is_told_to_ops(db: psycopg.Connection) -> None:
    alert(db, "x", "gone_rule", item_code="I1")
    who = people(ops={"roles": ["ops"]})
    assert set(told(db, who)) == {"ops"}


def test_a_backfilled_run_tells_nobody_and_forgets_nothing(db: psycopg.Connection) -> None:
    alert(db, "I1@DC", item_code="I1")
    past = replace(context("watch_inventory"), run_type="backfill")
    assert tell.tell_alerts(db, past, people()) == {"told": 0}
    assert set(told(db, people())) == {"all"}


def test_the_list_of_who_is_told_is_compared_with_what_there_is(company: Company) -> None:
    wrong = check(
        company.conn, people(dc={"sites": ["DCC"], "regions": ["NORTH"], "sources": ["wmss"], "roles": ["buyers"]}), NOW
    )
    assert any("dc, sites: there is no DCC: did you mean DC?" in each for each in wrong)
    assert any("dc, sources: there is no wmss: did you mean wms?" in each for each in wrong)
    assert any("dc, roles: there is no buyers: did you mean buyer?" in each for each in wrong)
    assert any("nobody has the role ops" in each for each in wrong)
    assert not any("NORTH" in each for each in wrong)


@pytest.mark.parametrize("template", sorted(catalogue()))
def test_every_message_can_be_written_in_both_languages(template: str) -> None:
    for lang in ("en", "zh"):
        content = render(template, lang, samples()[template], "http://board")  # type: ignore[arg-type]
        assert content["link"].startswith("http://board/")
        assert "\n" not in content["short"]
        assert content["subject"]
        assert re.search(r"[\u4e00-\u9fff]", content["subject"]) if lang == "zh" else True
