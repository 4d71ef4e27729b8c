"""On the board differences between systems are seen with their trend and accepted, and matches decided, by who may."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lotwatch import access
from lotwatch.audit import begin_run
from lotwatch.consistency import list_findings, load_checks, matching, run_checks
from tests.integration.company import NOW, TODAY, Company, context
from tests.integration.test_board import HOSTILE, rows, table
from tests.integration.test_board_ledger import Clients, _airflow_home, as_, send, words  # noqa: F401
from tests.integration.test_matching import wait
from tests.worlds import prepared


def run(company: Company, days: int = 0, *names: str) -> None:
    moment = NOW + timedelta(days=days)
    circumstances = begin_run(company.conn, context("check_consistency", f"run-{days}", moment))
    checks = [load_checks()[name] for name in names] or None
    run_checks(company.conn, circumstances, {}, checks)
    company.conn.commit()


@prepared
def differing(company: Company) -> None:
    """Less than nothing at DC and at HOSP; a code that nobody knows; `ward` sees HOSP alone."""
    company.item("I1", name=f"Stent {HOSTILE}", legal_manufacturer="Acme", label_lot=False, label_expiry=False)
    company.move(3, "PATIENT", "HOSP", lot=None)
    company.move(5, "PATIENT", "DC", lot=None)
    company.post()
    wait(company, "H-77", raw={"product_name": "Stent alert x", "manufacturer": "ACME Inc"})
    matching.suggest(company.conn, company.context)
    names = ("viewer", "quality", "ops", "buyer")
    access.introduce(company.conn, company.context, dict.fromkeys(names, False))
    access.grant(company.conn, company.context, "ward", "HOSP")
    company.conn.commit()
    run(company)


def finding_at(company: Company, place: str) -> int:
    return next(
        each.finding_id
        for each in list_findings(company.conn, NOW, check="stock_negative")
        if each.evidence["location_code"] == place
    )


def test_checks_are_listed_with_what_is_open_first_and_their_trend(differing: Company, as_: Clients) -> None:  # noqa: F811
    run(differing, -1, "stock_negative")
    page = as_("viewer").get("/consistency")
    assert page.status_code == 200
    shown = rows(page.text)
    assert len(shown) == len(load_checks())
    assert "The books have less than nothing" in "".join(shown[:4])
    assert "all agree" in shown[-1]
    assert "<polyline" in page.text
    assert "Trend over 2 runs, from 2 to 2 found" in page.text
    chinese = as_("viewer").get("/consistency?lang=zh").text
    assert "账面库存为负" in chinese


def test_a_check_shows_its_findings_with_evidence_filters_and_a_download(differing: Company, as_: Clients) -> None:  # noqa: F811
    client = as_("viewer")
    page = client.get("/consistency/stock_negative").text
    assert HOSTILE not in page
    assert [row.count("-5") > 0 for row in rows(page)] == [True, False]  # the larger first
    assert len(rows(client.get("/consistency/stock_negative?site=HOSP").text)) == 1
    assert len(rows(client.get("/consistency/stock_negative?text=dc").text)) == 1
    assert "Nothing matches" in client.get("/consistency/stock_negative?state=resolved").text
    loaded = table(client.get("/consistency/stock_negative/findings.csv?lang=en").text)
    assert [(row["Place"], row["Difference"]) for row in loaded] == [("DC", "-5"), ("HOSP", "-3")]
    assert client.get("/consistency/no_such").status_code == 404
    assert client.get("/consistency/stock_negative/999").status_code == 404


def test_a_broken_check_is_shown_as_broken_with_its_error(differing: Company, as_: Clients) -> None:  # noqa: F811
    differing.conn.execute(
        "INSERT INTO lotwatch.check_result (check_id, as_of, dag_id, run_id, backfilled, state, milliseconds, error)"
        " VALUES ('stock_negative', %s, 'd', 'r', false, 'broken', 1, 'no such column')",
        (NOW + timedelta(minutes=9),),
    )
    differing.conn.commit()
    shown = rows(as_("viewer").get("/consistency?standing=broken").text)
    assert len(shown) == 1
    assert "no such column" in shown[0]
    assert "nothing is known" in as_("viewer").get("/consistency/stock_negative").text


def test_who_sees_some_sites_sees_their_findings_and_no_totals(differing: Company, as_: Clients) -> None:  # noqa: F811
    client = as_("ward", "quality")
    page = client.get("/consistency")
    assert "<polyline" not in page.text
    assert "You see some sites only" in page.text
    assert len(rows(client.get("/consistency/stock_negative").text)) == 1
    assert "Nothing is open" in client.get("/consistency/code_without_match").text
    path = f"/consistency/stock_negative/{finding_at(differing, 'DC')}"
    assert client.get(path).status_code == 404
    assert send(client, path, through=TODAY.isoformat(), reason="mine").status_code == 404
    assert "belong to no site" in client.get("/matches").text


@pytest.mark.parametrize("role", ["ops", "quality"])
def test_a_finding_is_accepted_by_ops_or_quality_with_a_reason(differing: Company, as_: Clients, role: str) -> None:  # noqa: F811
    path = f"/consistency/stock_negative/{finding_at(differing, 'DC')}"
    assert "Accept as known" in as_(role).get(path).text
    done = send(as_(role), path, through=(TODAY + timedelta(days=9)).isoformat(), reason="counted on Friday")
    assert done.status_code == 303
    assert "The finding is accepted" in as_(role).get(done.headers["location"]).text
    shown = rows(as_("viewer").get("/consistency/stock_negative?state=accepted").text)
    assert len(shown) == 1
    assert role in shown[0]
    written = differing.conn.execute("SELECT actor, reason FROM lotwatch.audit_event WHERE action = 'finding accepted'")
    assert written.fetchall() == [(role, "counted on Friday")]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"through": TODAY.isoformat()}, "needs a reason"),
        ({"through": "soon", "reason": "so"}, "until which day"),
        ({"through": "2020-01-01", "reason": "so"}, "cannot be accepted"),
    ],
)
def test_an_acceptance_that_will_not_do_is_said_so(
    differing: Company,
    as_: Clients,  # noqa: F811
    fields: dict[str, Any],
    said: str,
) -> None:
    path = f"/consistency/stock_negative/{finding_at(differing, 'DC')}"
    answer = send(as_("ops"), path, **fields)
    assert answer.status_code == 409
    assert said in words(answer.text)


def test_who_may_not_accept_or_confirm_cannot(differing: Company, as_: Clients) -> None:  # noqa: F811
    path = f"/consistency/stock_negative/{finding_at(differing, 'DC')}"
    assert "Accept as known" not in as_("buyer").get(path).text
    assert send(as_("buyer"), path, through=TODAY.isoformat(), reason="so").status_code == 403
    (match,) = matching.list_suggestions(differing.conn)
    path = f"/matches/{match.suggestion_id}"
    assert "It is this item" not in as_("buyer").get(path).text
    assert send(as_("buyer"), path, decision="confirm").status_code == 403
    assert send(as_("ward", "quality"), path, decision="confirm").status_code == 404
    untrusted: TestClient = as_("ops")
    assert untrusted.post(path, data={"decision": "confirm"}).status_code == 403


def test_a_match_is_seen_with_its_reason_and_confirmed(differing: Company, as_: Clients) -> None:  # noqa: F811
    client = as_("quality")
    page = client.get("/matches")
    assert HOSTILE not in page.text
    (row,) = rows(page.text)
    for said in ("H-77", "Stent alert x", "I1", "same manufacturer"):
        assert said in row
    assert "生产企业相同" in rows(client.get("/matches?lang=zh").text)[0]
    (match,) = matching.list_suggestions(differing.conn)
    assert table(client.get("/matches.csv?lang=en").text)[0]["Their code"] == "H-77"
    done = send(client, f"/matches/{match.suggestion_id}", decision="confirm", note="compared the box")
    assert done.status_code == 303
    assert "The match is confirmed" in client.get(f"{done.headers['location']}&lang=en").text
    assert differing.conn.execute("SELECT our_code FROM lotwatch.cross_reference").fetchall() == [("I1",)]
    again = send(client, f"/matches/{match.suggestion_id}", decision="reject")
    assert again.status_code == 409
    assert "No suggestion waits" in client.get("/matches").text


def test_a_rejected_match_says_by_whom(differing: Company, as_: Clients) -> None:  # noqa: F811
    (match,) = matching.list_suggestions(differing.conn)
    done = send(as_("ops"), f"/matches/{match.suggestion_id}", decision="reject", note="the old model")
    assert "the old model" in as_("ops").get(done.headers["location"]).text
