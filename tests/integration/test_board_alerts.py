"""On the board alerts are found, read, taken on and put off, alone and by the thousand, by who may."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from lotwatch import access, outbox, rules
from lotwatch.audit import begin_run, log_counts
from lotwatch.jobs import watch
from tests.integration.company import NOW, Company, context
from tests.integration.test_alerts import raise_alert, stands
from tests.integration.test_board import HOSTILE, rows, table
from tests.integration.test_board_ledger import Clients, _airflow_home, as_, send, words  # noqa: F401
from tests.worlds import prepared

AS_OF = NOW + timedelta(hours=1)  # of the board


def subject(company: Company, site: str, **more: Any) -> Jsonb:
    row = company.conn.execute("SELECT location_id FROM lotwatch.location WHERE code = %s", (site,)).fetchone()
    assert row is not None
    return Jsonb({"item_code": "I1", "item_name": "Stent", "site_id": row[0], "site_code": site} | more)


@prepared
def alerted(company: Company) -> None:
    """Two alerts at DC and one at HOSP; `ward` sees HOSP alone."""
    company.item()
    company.post()
    names = ("viewer", "buyer", "ops", "quality")
    access.introduce(company.conn, company.context, dict.fromkeys(names, False))
    access.grant(company.conn, company.context, "ward", "HOSP")
    acme = {"supplier_code": "S1", "supplier_name": "Supplier One", "category": "stent", "region": "NORTH"}
    raise_alert(company.conn, "dc-1", severity="critical", subject=subject(company, "DC", **acme))
    raise_alert(company.conn, "dc-2", rule="overstock", subject=subject(company, "DC", lot_number="L77"))
    raise_alert(company.conn, "hosp-1", subject=subject(company, "HOSP", **acme), escalations=1)


def number(company: Company, key: str) -> int:
    row = company.conn.execute("SELECT alert_id FROM lotwatch.alert WHERE subject_key = %s", (key,)).fetchone()
    assert row is not None
    return int(row[0])


def states(company: Company) -> dict[str, str]:
    company.conn.commit()
    return dict(company.conn.execute("SELECT subject_key, state FROM lotwatch.alert").fetchall())


def keys(text: str) -> list[str]:
    return sorted(row["Subject key"] for row in table(text))


# --- finding


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("region=NORTH", ["dc-1", "hosp-1"]),
        ("category=STENT", ["dc-1", "hosp-1"]),
        ("supplier=S1", ["dc-1", "hosp-1"]),
        ("supplier=lier+one", ["dc-1", "hosp-1"]),
        ("text=L77", ["dc-2"]),
        ("supplier=-", ["dc-2"]),
        ("site=-", []),
        ("item=I1", ["dc-1", "dc-2", "hosp-1"]),
        ("item=sten&lot=l7", ["dc-2"]),
        ("owner=bo", ["dc-2"]),
        ("owner=-", ["dc-1", "hosp-1"]),
        ("escalated=1", ["hosp-1"]),
        ("baseline=1", []),
        ("age=hour", []),
        ("age=day", ["dc-1", "dc-2", "hosp-1"]),
        ("age=older_day", []),
        ("state=resolved", []),
    ],
)
def test_alerts_are_found_by_everything_they_are_about(
    alerted: Company,
    as_: Clients,  # noqa: F811
    query: str,
    expected: list[str],
) -> None:
    rules.act(alerted.conn, context(actor="ops"), "assign", [number(alerted, "dc-2")], owner="bo")
    alerted.conn.commit()
    client = as_("viewer")
    assert keys(client.get(f"/alerts.csv?{query}").text) == expected
    assert len(rows(client.get(f"/alerts?{query}").text)) == len(expected)


def test_a_storm_is_one_line_that_unfolds(alerted: Company, as_: Clients) -> None:  # noqa: F811
    for place in range(30):
        raise_alert(alerted.conn, f"storm-{place}", subject=subject(alerted, "DC", supplier_code="S1"))
    client = as_("viewer")
    page = client.get("/alerts?group=storm").text
    storm, other = rows(page)
    assert "Supplier One 32 1 critical 31 warning" in storm
    assert "without a supplier 1 1 warning" in other
    (within, *_) = re.findall(r'class="title" href="([^"]+)"', page)
    assert len(rows(client.get(within.replace("&amp;", "&")).text)) == 32
    by_rule = client.get("/alerts?group=rule&sort=alerts&order=asc").text
    assert ["overstock" in row for row in rows(by_rule)] == [True, False]
    assert len(rows(client.get("/alerts?group=site").text)) == 2


# --- one


def test_an_alert_tells_who_declined_and_when_they_are_asked_again(alerted: Company, as_: Clients) -> None:  # noqa: F811
    [(item, site)] = alerted.conn.execute(
        "SELECT item_id, location_id FROM lotwatch.item, lotwatch.location WHERE location.code = 'DC'"
    ).fetchall()
    about = Jsonb({"item_id": item, "site_id": site, "item_code": "I1", "site_code": "DC"})
    alert = raise_alert(
        alerted.conn, "I1@DC", rule="stockout_risk", subject_kind="item_site", subject=about,
    )  # fmt: skip
    elsewhere = raise_alert(
        alerted.conn, "I1@HOSP", rule="stockout_risk", subject_kind="item_site",
        subject=Jsonb(about.obj | {"site_id": site + 1, "site_code": "HOSP"}),
    )  # fmt: skip
    for days_ago, quantity in ((1, 1200), (6.5, 5), (8, 7)):
        alerted.conn.execute(
            "WITH said AS (INSERT INTO lotwatch.supplier (code, name) VALUES (%(code)s, %(code)s) RETURNING supplier_id),"
            " ordered AS (INSERT INTO lotwatch.proposal (kind, supplier_id, site_id, currency, created_at, state)"
            " SELECT 'purchase_order', supplier_id, %(site)s, 'EUR', %(at)s, 'sent' FROM said RETURNING proposal_id)"
            " INSERT INTO lotwatch.proposal_line (proposal_id, item_id, quantity, unit_price, requested_on, why, declined,"
            " declined_at) SELECT proposal_id, %(item)s, 2000, 1, '2026-07-01', '{}', %(quantity)s, %(at)s FROM ordered",
            {
                "code": f"No {quantity}",
                "site": site,
                "item": item,
                "quantity": quantity,
                "at": NOW - timedelta(days=days_ago),
            },
        )
    alerted.conn.commit()
    client = as_("buyer")
    said = words(client.get(f"/alerts/{alert}").text)
    assert "No 1200 No 1200 declined 1,200 on 14 Jun 2026; asked again on 21 Jun 2026" in said
    assert "No 5 No 5 declined 5 on 8 Jun 2026; asked again on 15 Jun 2026" in said
    assert "No 7" not in said
    assert "It can be ordered in the ERP all the same." in said
    chinese = words(client.get(f"/alerts/{alert}?lang=zh").text)
    assert "于 2026年6月14日 拒绝供应 1,200 件；2026年6月21日 起再次询问" in chinese
    assert "Declined by suppliers" not in words(client.get(f"/alerts/{elsewhere}?lang=en").text)


def test_an_alert_tells_what_became_of_it(alerted: Company, as_: Clients) -> None:  # noqa: F811
    alert, conn = number(alerted, "dc-1"), alerted.conn
    run = begin_run(conn, context("watch_inventory", "sweep", NOW))
    from lotwatch.audit import record

    record(conn, run, "alert opened", "alert", str(alert), after={"evidence": {"available": 9}})
    for name, about in (("olga", alert), ("boss", alert + 1)):
        outbox.enqueue(conn, "message", f"told {name}", {"template": "alerts", "alerts": [about], "data": {}})
        conn.execute(
            "INSERT INTO lotwatch.message_delivery (outbox_id, message_id, subscriber, channel, lang, template, severity)"
            " SELECT max(outbox_id), max(outbox_id), %s, 'smtp', 'en', 'alerts', 'critical' FROM lotwatch.outbox",
            (name,),
        )
    shipped = rules.load_rules()
    rules.submit(conn, run, shipped[:-1], reason="one less")  # what is shipped is kept before it
    conn.execute(
        "UPDATE lotwatch.alert SET rule_version = %s, evidence = evidence || '{\"days_to_expiry\": 9}' WHERE alert_id = %s",
        (next(rule.version for rule in shipped if rule.id == "near_expiry"), alert),
    )
    proposal = conn.execute(
        "INSERT INTO lotwatch.proposal (kind, supplier_id, site_id, currency, created_at) SELECT 'purchase_order',"
        " supplier_id, location_id, 'EUR', now() FROM lotwatch.supplier, lotwatch.location WHERE location.code = 'DC'"
        " RETURNING proposal_id, code"
    ).fetchone()
    assert proposal is not None
    conn.execute(
        "INSERT INTO lotwatch.proposal_line SELECT %s, item_id, %s, 5, 1, '2026-07-01', '{}' FROM lotwatch.item",
        (proposal[0], alert),
    )
    rules.act(conn, context(actor="bo"), "comment", [alert], note="called them")
    conn.commit()
    client = as_("buyer")
    page = client.get(f"/alerts/{alert}").text
    said = words(page)
    assert f"<h1>{next(rule.title.en for rule in shipped if rule.id == 'near_expiry')}</h1>" in page
    for told in (
        "Stent I1",
        "Available 3 was 9",
        "days_to_expiry [9] BETWEEN 0 AND 60 yes",
        "olga smtp waiting",
        "opened the rule",
        "commented bo called them",
    ):
        assert told in said, told
    assert "boss" not in said
    assert 'href="/rules/near_expiry"' in page
    assert f'href="/orders?code={proposal[1]}"' in page
    assert 'href="/holds/new?item=I1&amp;place=DC"' in page
    assert len(rows(client.get(f"/orders?code={proposal[1]}").text)) == 1
    assert "评论" in words(client.get(f"/alerts/{alert}?lang=zh").text)
    assert client.get("/alerts/999999").status_code == 404
    other = words(client.get(f"/alerts/{number(alerted, 'dc-2')}?lang=en").text)
    assert "The text of the rule that raised it is not kept" in other


@pytest.mark.parametrize(
    ("fields", "state", "said"),
    [
        ({"action": "acknowledge", "note": "on it"}, "acknowledged", "Done: acknowledged"),
        ({"action": "snooze_4h"}, "snoozed", "until 15 Jun 2026 13:00 UTC"),
        ({"action": "snooze_until", "until": "2026-06-20T10:00"}, "snoozed", "until 20 Jun 2026 10:00 UTC"),
        ({"action": "take"}, "open", "Done: assigned"),
        ({"action": "comment", "note": "it rains"}, "open", "it rains"),
        ({"action": "false_alarm"}, "open", "Done: false alarm"),
    ],
)
def test_somebody_acts_on_an_alert_and_sees_it_done(
    alerted: Company,
    as_: Clients,  # noqa: F811
    fields: dict[str, str],
    state: str,
    said: str,
) -> None:
    path = f"/alerts/{number(alerted, 'dc-1')}"
    done = send(as_("buyer"), path, **fields)
    assert done.status_code == 303, words(done.text)
    assert said in words(as_("buyer").get(done.headers["location"]).text)
    assert states(alerted)["dc-1"] == state
    actors = alerted.conn.execute("SELECT DISTINCT actor FROM lotwatch.alert_event").fetchall()
    assert actors == [("buyer",)]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"action": "comment"}, "Write what others should know"),
        ({"action": "snooze_until"}, "Choose a moment in the next 90 days"),
        ({"action": "snooze_until", "until": "2026-06-15T08:30"}, "Choose a moment"),
        ({"action": "snooze_until", "until": "2027-06-15T08:30"}, "Choose a moment"),
        ({"action": "reopen"}, "It is open already"),
    ],
)
def test_what_will_not_do_is_said_and_nothing_is_changed(
    alerted: Company,
    as_: Clients,  # noqa: F811
    fields: dict[str, str],
    said: str,
) -> None:
    answer = send(as_("buyer"), f"/alerts/{number(alerted, 'dc-1')}", **fields)
    assert answer.status_code == 409
    assert said in words(answer.text)
    assert states(alerted)["dc-1"] == "open"


def test_the_second_is_told_who_was_first_in_their_language(alerted: Company, as_: Clients) -> None:  # noqa: F811
    path = f"/alerts/{number(alerted, 'dc-1')}"
    assert send(as_("buyer"), path, action="acknowledge").status_code == 303
    second = send(as_("ops"), path, action="acknowledge")
    assert second.status_code == 409
    assert "buyer was first: acknowledged 15 Jun 2026 09:00 UTC" in words(second.text)
    assert "buyer 已先于" in words(send(as_("ops"), f"{path}?lang=zh", action="acknowledge").text)


@pytest.mark.parametrize("action", ["delete", "", "snooze_9y"])
def test_nothing_else_can_be_asked_for(alerted: Company, as_: Clients, action: str) -> None:  # noqa: F811
    assert send(as_("buyer"), f"/alerts/{number(alerted, 'dc-1')}", action=action).status_code == 422
    assert send(as_("buyer"), "/alerts", action=action, alert=number(alerted, "dc-1")).status_code == 422


# --- many


def test_those_ticked_are_acknowledged_and_the_filters_stay(alerted: Company, as_: Clients) -> None:  # noqa: F811
    client = as_("ops")
    assert client.get("/alerts").text.count('name="alert"') == 3
    chosen = [number(alerted, "dc-1"), number(alerted, "hosp-1")]
    rules.act(alerted.conn, context(actor="bo"), "acknowledge", chosen[1:])
    alerted.conn.commit()
    done = send(client, "/alerts?site=DC&size=25", action="acknowledge", alert=chosen)
    assert done.headers["location"] == "/alerts?size=25&site=DC&done=acknowledged&count=1&refused=1"
    assert "acknowledged: 1. Not possible any more: 1." in words(client.get(done.headers["location"]).text)
    assert states(alerted) == {"dc-1": "acknowledged", "dc-2": "open", "hosp-1": "acknowledged"}
    none = send(client, "/alerts", action="acknowledge")
    assert (none.status_code, "at least one" in none.text) == (422, True)


def test_all_that_match_are_done_once_their_number_was_confirmed(alerted: Company, as_: Clients) -> None:  # noqa: F811
    client = as_("ops")
    assert 'href="/alerts/all?site=DC"' in client.get("/alerts?site=DC").text
    page = client.get("/alerts/all?site=DC").text
    assert 'name="confirmed" value="2"' in page
    assert "Do something with 2 alerts" in page
    raise_alert(alerted.conn, "dc-3", subject=subject(alerted, "DC"))
    more = send(client, "/alerts/all?site=DC", action="snooze_1d", confirmed=2)
    assert (more.status_code, "More alerts match by now" in more.text) == (409, True)
    assert 'name="confirmed" value="3"' in more.text
    done = send(client, "/alerts/all?site=DC", action="snooze_1d", confirmed=3, note="stocktake")
    assert done.headers["location"] == "/alerts?site=DC&done=snoozed&count=3"
    assert states(alerted) == {"dc-1": "snoozed", "dc-2": "snoozed", "dc-3": "snoozed", "hosp-1": "open"}
    assert stands(alerted.conn, number(alerted, "dc-1"))["snoozed_until"] == AS_OF + timedelta(days=1)
    notes = alerted.conn.execute("SELECT DISTINCT note, actor FROM lotwatch.alert_event").fetchall()
    assert notes == [("stocktake", "ops")]
    assert send(client, "/alerts/all", action="snooze_1d", confirmed=rules.MOST_AT_ONCE + 1).status_code == 422


# --- who may


@pytest.mark.parametrize("role", ["viewer", "auditor", "finance", "approver", "Admin"])
def test_who_may_not_act_sees_no_buttons_and_cannot(alerted: Company, as_: Clients, role: str) -> None:  # noqa: F811
    client, alert = as_("viewer", role), number(alerted, "dc-1")
    assert '<button name="action"' not in client.get("/alerts").text
    assert 'id="act"' not in client.get(f"/alerts/{alert}").text
    assert client.get("/alerts/all").status_code == 403
    for path in (f"/alerts/{alert}", "/alerts", "/alerts/all"):
        assert send(client, path, action="acknowledge", alert=alert, confirmed=9).status_code == 403, path
    assert set(states(alerted).values()) == {"open"}


def test_who_sees_some_sites_acts_on_their_alerts_alone(alerted: Company, as_: Clients) -> None:  # noqa: F811
    client = as_("ward", "warehouse")
    theirs, mine = number(alerted, "dc-1"), number(alerted, "hosp-1")
    assert keys(client.get("/alerts.csv").text) == ["hosp-1"]
    assert client.get(f"/alerts/{theirs}").status_code == 404
    assert send(client, f"/alerts/{theirs}", action="acknowledge").status_code == 404
    assert send(client, "/alerts", action="acknowledge", alert=[theirs, mine]).headers["location"].endswith("count=1")
    assert (
        send(client, "/alerts/all?state=all", action="snooze_4h", confirmed=99).headers["location"].endswith("count=1")
    )
    assert states(alerted) == {"dc-1": "open", "dc-2": "open", "hosp-1": "snoozed"}
    told = client.get(f"/alerts/{mine}").text
    assert "acknowledged" in told
    assert "dc-1" not in told


def test_an_alerts_past_is_shown_to_who_sees_the_alert(alerted: Company, as_: Clients) -> None:  # noqa: F811
    from lotwatch.audit import record

    for key in ("dc-1", "hosp-1"):
        run = begin_run(alerted.conn, context("watch_inventory", "sweep", NOW))
        record(alerted.conn, run, "alert opened", "alert", str(number(alerted, key)), after={"evidence": {}})
    alerted.conn.commit()
    with as_("ward").app.state.board.reader.transaction(AS_OF, "ward") as (conn, _):  # type: ignore[attr-defined]
        shown = conn.execute("SELECT alert_id FROM lotwatch.alert_change").fetchall()
        assert shown == [(number(alerted, "hosp-1"),)]
        assert conn.execute("SELECT DISTINCT alert_id FROM lotwatch.alert_event").fetchall() == []


def test_what_another_page_sends_is_not_believed(alerted: Company, as_: Clients) -> None:  # noqa: F811
    client, alert = as_("ops"), number(alerted, "dc-1")
    for path in (f"/alerts/{alert}", "/alerts", "/alerts/all"):
        fields = {"action": "acknowledge", "alert": alert, "confirmed": 9}
        assert client.post(path, data=fields, headers={"sec-fetch-site": "same-origin"}).status_code == 403
    assert set(states(alerted).values()) == {"open"}


def test_hostile_words_are_shown_not_run(alerted: Company, as_: Clients) -> None:  # noqa: F811
    alert = raise_alert(alerted.conn, HOSTILE, rule=HOSTILE, subject=subject(alerted, "DC", supplier_name=HOSTILE))
    rules.act(alerted.conn, context(actor=HOSTILE), "assign", [alert], owner=HOSTILE, note=HOSTILE)
    alerted.conn.commit()
    for path in (f"/alerts/{alert}", "/alerts", "/alerts?group=storm", "/alerts/all"):
        html = as_("ops").get(path).text
        assert "alert(&#39;x&#39;)" in html, path
        assert "<script>alert" not in html, path


# --- runs


@prepared
def evaluated(alerted: Company) -> None:
    """A lot at DC and one at HOSP end in 30 days: found by a run, and by a backfilled one that looked at the day before."""
    for site in ("DC", "HOSP"):
        alerted.lot(f"of {site}", expires=NOW.date() + timedelta(days=30))
        alerted.move(5, site, lot=f"of {site}", days_ago=9)
    alerted.post()
    for name, days_ago, kind in (("live", 0, "scheduled"), ("past", 1, "backfill")):
        run_id = f"{kind}__{name}+00:00"
        run = begin_run(alerted.conn, context("watch_inventory", run_id, NOW - timedelta(days=days_ago), run_type=kind))
        log_counts(alerted.conn, run, watch.evaluate(alerted.conn, run))
    alerted.conn.commit()


LIVE, PAST = "/alerts/runs/watch_inventory/scheduled__live+00:00", "/alerts/runs/watch_inventory/backfill__past+00:00"


def test_a_run_shows_what_it_did_to_alerts_and_an_alert_which_run_it_was(evaluated: Company, as_: Clients) -> None:  # noqa: F811
    client = as_("viewer")
    page = client.get(LIVE).text
    (by_rule,) = [row for row in rows(page) if "Near expiry" in row]
    # fired, critical, in quarantine, opened, came again, got worse, ended: those that the tests made up are over
    assert by_rule.split("Near expiry")[1].split() == ["2", "0", "0", "2", "0", "0", "2"]
    assert len([row for row in rows(page.partition("</table>")[2]) if "Near expiry" in row]) == 4
    assert "everything" in words(page)
    opened = number(evaluated, "I1/of DC@DC")
    assert f'href="/alerts/{opened}"' in page
    assert f'href="{LIVE.replace("+", "%2B").replace(":", "%3A")}"' in client.get(f"/alerts/{opened}").text
    became = table(client.get(f"{LIVE}/changes.csv?rule=near_expiry").text)
    assert {row["Subject key"]: row["What became of it"] for row in became} == {
        "I1/of DC@DC": "opened", "I1/of HOSP@HOSP": "opened", "dc-1": "resolved", "hosp-1": "resolved",
    }  # fmt: skip
    assert client.get(f"{LIVE}?rule=overstock&lang=zh").text.count('class="title"') >= 1
    assert "It changed no alert that you may see" in client.get("/alerts/runs/sync_erp/manual__1?lang=en").text
    assert client.get("/alerts/runs/sync_erp/a'b").status_code == 422


def test_what_a_backfilled_run_found_is_shown_as_such(evaluated: Company, as_: Clients) -> None:  # noqa: F811
    client = as_("viewer")
    listed = rows(client.get("/alerts/runs").text)
    assert ["would have been" in row for row in listed] == [True, False]
    assert len(rows(client.get("/alerts/runs?backfilled=1").text)) == 1
    page = client.get(PAST).text
    assert "This run was backfilled" in page
    found = table(client.get(f"{PAST}/changes.csv").text)
    assert {row["Subject key"] for row in found} == {"I1/of DC@DC", "I1/of HOSP@HOSP"}
    assert all("Days to expiry: 31" in row["Evidence"] and row["Alert no."] == "" for row in found)
    assert "本应发生" in client.get(f"{PAST}?lang=zh").text


def test_who_sees_some_sites_sees_what_a_run_did_there(evaluated: Company, as_: Clients) -> None:  # noqa: F811
    client = as_("ward")
    page = client.get(LIVE).text
    assert "I1/of HOSP@HOSP" in page
    assert "I1/of DC@DC" not in page
    assert "By rule" not in page
    assert "I1/" not in client.get(PAST).text
    assert 'class="empty"' in client.get("/alerts/runs").text


# --- a flood


def test_a_flood_is_read_by_its_index_and_not_counted_to_its_end(alerted: Company, as_: Clients) -> None:  # noqa: F811
    flood(alerted.conn, 100_000)
    client = as_("viewer")
    page = client.get("/alerts").text
    assert "Rows: more than 10,000" in page
    assert len(rows(page)) == 50
    assert "Page 200 of 200" in client.get("/alerts?page=99999").text
    from lotwatch_airflow.board.pages.alerts import AlertFilters

    for filters in (AlertFilters(), AlertFilters(state="all"), AlertFilters(severity="critical")):
        statement = filters.statement(AS_OF)
        asked = psycopg.sql.SQL("EXPLAIN {} ORDER BY {} LIMIT 50").format(statement.rows(), statement.order_by())
        with client.app.state.board.reader.transaction(AS_OF, "viewer") as (conn, _):  # type: ignore[attr-defined]
            plan = "\n".join(line for (line,) in conn.execute(asked, statement.parameters))
        assert "alert_worst" in plan, plan
        assert "Sort" not in plan, plan


def flood(conn: psycopg.Connection, many: int, rule_ids: Sequence[str] = ("near_expiry", "overstock", "cold")) -> None:
    """So many open alerts, as wide as they are."""
    conn.execute(
        "INSERT INTO lotwatch.alert (rule_id, subject_kind, subject_key, rule_version, severity, subject, evidence,"
        " first_seen, last_seen, notified_at)"
        " SELECT (%(rules)s::text[])[1 + n %% array_length(%(rules)s::text[], 1)], 'lot', 'flood-' || n, 'v',"
        " CASE WHEN n %% 20 = 0 THEN 'critical' WHEN n %% 3 = 0 THEN 'warning' ELSE 'info' END,"
        " jsonb_build_object('item_id', n, 'item_code', 'I' || n %% 5000, 'item_name', 'Stent of size ' || n %% 5000,"
        " 'lot_number', 'L' || n, 'supplier_code', 'S' || n %% 40, 'supplier_name', 'Supplier ' || n %% 40, 'site_id',"
        " site.location_id, 'site_code', site.code, 'site_name', site.name, 'region', 'NORTH', 'category', 'stents'),"
        " jsonb_build_object('days_to_expiry', n %% 60, 'available', n %% 90, 'quantity_at_risk', n %% 9),"
        " %(now)s - n * interval '1 minute', %(now)s, %(now)s"
        " FROM generate_series(1, %(many)s) AS n"
        " JOIN lotwatch.location AS site ON site.code = (ARRAY['DC', 'HOSP'])[1 + n %% 2]",
        {"rules": list(rule_ids), "now": NOW, "many": many},
    )
    conn.commit()
    conn.autocommit = True
    conn.execute("ANALYZE lotwatch.alert")
    conn.autocommit = False
