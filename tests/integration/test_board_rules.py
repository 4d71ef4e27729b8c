"""On the board rules are seen with what they find, and a change is put in force by who may and did not submit it."""

from dataclasses import replace
from pathlib import Path

import pytest

from lotwatch import access, governance, rules
from lotwatch.audit import begin_run, log_counts
from lotwatch.jobs import watch
from lotwatch.rules import active_rules, load_rules
from tests.integration.company import NOW, Company, context
from tests.integration.test_alerts import raise_alert
from tests.integration.test_board import HOSTILE, rows
from tests.integration.test_board_ledger import Clients, _airflow_home, as_, send, words  # noqa: F401

RULE = """\
- id: big_lot
  title: {en: Big lot, zh: 大批}
  subject: lot
  when: physical > 5 and item_name <> '<b>'
  severity: [{level: critical}]
"""


@pytest.fixture
def governed(company: Company, tmp_path: Path) -> Company:
    """Change set 2 adds a rule to what is shipped, submitted by quality; `ward` sees HOSP alone."""
    company.item()
    company.lot()
    company.move(10, "DC")
    company.post()
    access.introduce(company.conn, company.context, dict.fromkeys(("viewer", "quality", "ops", "finance"), False))
    access.grant(company.conn, company.context, "ward", "HOSP")
    (tmp_path / "t.yaml").write_text(RULE, encoding="utf-8")
    active_rules(company.conn, NOW)
    added = [*load_rules(), *load_rules(tmp_path)]
    effect = [{"rule_id": "big_lot", "severity": "critical", "new": 7, "gone": 0, "same": 0}]
    quality = replace(company.context, actor="quality")
    assert rules.submit(company.conn, quality, added, reason=f"pilot {HOSTILE}", effect=effect) == 2
    company.conn.commit()
    return company


def test_rules_are_listed_with_what_they_find_and_what_waits(governed: Company, as_: Clients) -> None:  # noqa: F811
    page = as_("viewer").get("/rules").text
    assert "Waiting for a second person" in page
    assert HOSTILE not in page
    assert "Stock-out risk" in as_("viewer").get("/rules?text=stockout_risk").text
    assert "大批" not in page
    rules.activate(governed.conn, replace(governed.context, actor="ops"), 2)
    watch.evaluate(governed.conn, governed.context)
    governed.conn.commit()
    shown = next(row for row in rows(as_("viewer").get("/rules?text=big_lot&lang=zh").text) if "大批" in row)
    assert 'class="critical"' in shown
    assert "报警 1 1" in shown
    assert 'class="empty"' in as_("viewer").get("/rules?pack=nowhere").text
    # it is in no file: people read its title all the same
    for client in (as_("viewer"), as_("ward")):
        assert "大批" in client.get("/alerts?lang=zh").text


def test_an_alert_bears_the_title_that_is_in_force_not_that_of_the_file(governed: Company, as_: Clients) -> None:  # noqa: F811
    tables = load_rules()
    [shipped] = [rule for rule in tables if rule.id == "overstock"]
    renamed = shipped.model_copy(update={"title": shipped.title.model_copy(update={"en": "Far too much"})})
    raise_alert(governed.conn, rule=shipped.id)

    def shown() -> str:
        [row] = rows(as_("viewer").get("/alerts?rule=overstock").text)
        return row

    assert shipped.title.en in shown()
    changed = [renamed if rule is shipped else rule for rule in tables]
    number = rules.submit(governed.conn, replace(governed.context, actor="quality"), changed, reason="plainer")
    governed.conn.commit()
    assert shipped.title.en in shown()
    rules.activate(governed.conn, replace(governed.context, actor="ops"), number)
    governed.conn.commit()
    assert "Far too much" in shown()
    assert shipped.title.en not in shown()


def test_a_rule_says_how_often_it_fired_and_whether_people_found_it_right(governed: Company, as_: Clients) -> None:  # noqa: F811
    rules.activate(governed.conn, replace(governed.context, actor="ops"), 2)
    run = begin_run(governed.conn, context("watch_inventory", "scheduled__1"))
    log_counts(governed.conn, run, watch.evaluate(governed.conn, run))
    [alert] = rules.list_alerts(governed.conn, rule="big_lot")
    rules.act(governed.conn, replace(governed.context, actor="bo"), "false_alarm", [alert.alert_id])
    governed.conn.commit()
    page = as_("viewer").get("/rules/big_lot?lang=en").text
    assert "Fired in the last evaluation of everything 1 15 Jun 2026" in words(page)
    assert 'href="/alerts/runs/watch_inventory/scheduled__1?rule=big_lot"' in page
    assert "opened: 1; told further up: 0; false alarms: 1 of 1 rated; come and go: 0" in words(page)
    assert "Fired in the last evaluation of everything 0" in words(as_("viewer").get("/rules/overstock").text)
    assert "Fired in" not in as_("ward").get("/rules/big_lot").text, "it counts all sites"


def test_a_change_is_put_in_force_by_a_second_person(governed: Company, as_: Clients) -> None:  # noqa: F811
    mine = as_("quality")
    page = words(mine.get("/rules/changes/2").text)
    assert "+ when: physical &gt; 5" in page
    assert "You submitted this" in page
    assert "big_lot Critical 7 0 0" in page
    refused = send(mine, "/rules/changes/2", decision="activate")
    assert refused.status_code == 409
    assert "cannot activate it" in refused.text
    done = send(as_("ops"), "/rules/changes/2", decision="activate", baseline="1")
    assert done.status_code == 303
    assert "It is in force" in as_("ops").get(done.headers["location"]).text
    assert rules.baselined(governed.conn) == {"big_lot"}
    assert "was activated by ops" in send(as_("ops"), "/rules/changes/2", decision="reject").text
    one = words(as_("viewer").get("/rules/big_lot").text)
    assert "Fires when physical &gt; 5" in one
    assert as_("viewer").get("/rules/no_such_rule").status_code == 404
    assert as_("viewer").get("/rules/changes/99").status_code == 404


def test_who_may_not_decide_or_sees_some_sites_cannot(governed: Company, as_: Clients) -> None:  # noqa: F811
    for client in (as_("viewer"), as_("finance"), as_("ward", "ops")):
        assert "Put in force" not in client.get("/rules/changes/2").text
    assert "big_lot Critical" not in words(as_("ward").get("/rules/changes/2").text), "it counts all sites"
    for client in (as_("viewer"), as_("finance"), as_("ward", "ops")):
        assert send(client, "/rules/changes/2", decision="activate").status_code == 403
    assert governance.change(governed.conn, 2).decision is None


def test_a_budget_is_for_finance_and_for_who_sees_all_sites(governed: Company, as_: Clients) -> None:  # noqa: F811
    olga = replace(governed.context, actor="olga")
    number = governance.submit(governed.conn, olga, "budget", {"DC": {"currency": "USD", "monthly": "5"}}, reason="cut")
    governed.conn.commit()
    assert as_("ward").get(f"/rules/changes/{number}").status_code == 404
    assert send(as_("ops"), f"/rules/changes/{number}", decision="activate").status_code == 403
    assert send(as_("finance"), f"/rules/changes/{number}", decision="activate").status_code == 303
    assert governance.change(governed.conn, number).decided_by == "finance"
