"""On the board tasks are seen by who may see their site, and closed by who has their role; a disposition's note adds up."""

from dataclasses import replace

from lotwatch import access, actions
from lotwatch.actions import tasks
from lotwatch.actions.dispositions import propose_dispositions
from lotwatch.rules import evaluate_live
from tests.integration.company import NOW, Company
from tests.integration.test_board import rows
from tests.integration.test_board_ledger import Clients, _airflow_home, as_, send, words  # noqa: F401  # fixtures
from tests.integration.test_dispositions import POLICIES, RULES, SETTINGS, ending  # noqa: F401  # a fixture
from tests.worlds import prepared


@prepared
def disposing(ending: Company) -> None:  # noqa: F811
    """The dispositions of `ending`, approved; `ward` sees HOSP alone."""
    evaluate_live(ending.conn, RULES, ending.context)
    propose_dispositions(ending.conn, RULES, SETTINGS, ending.context)
    run = replace(ending.context, run_id="ask")
    for question in actions.ask(ending.conn, run, 200, POLICIES).questions:
        said = actions.Decision(question.proposal.proposal_id, 1, question.step, "approved", "quinn", NOW)
        actions.decide(ending.conn, said, run, POLICIES)
    access.introduce(ending.conn, ending.context, {"warehouse": False, "quality": False})
    access.grant(ending.conn, ending.context, "ward", "HOSP")
    ending.conn.commit()


def number_of(company: Company, kind: str, way: str) -> int:
    row = company.conn.execute(
        "SELECT task_id FROM lotwatch.task WHERE kind = %s AND details ->> 'disposition' = %s ORDER BY site_id",
        (kind, way),
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_tasks_are_listed_for_those_who_see_their_site_in_their_language(disposing: Company, as_: Clients) -> None:  # noqa: F811
    warehouse = as_("warehouse")
    assert len(rows(warehouse.get("/tasks").text)) == 5
    assert len(rows(warehouse.get("/tasks?kind=withdrawal").text)) == 1
    assert len(rows(warehouse.get("/tasks?text=last").text)) == 1
    assert rows(warehouse.get("/tasks?state=late").text) == []
    assert "报废：已过期" in warehouse.get("/tasks?lang=zh").text
    assert warehouse.get("/tasks.csv").text.count("LW-T-") == 5
    ward = as_("ward", "viewer")
    assert len(rows(ward.get("/tasks").text)) == 2
    back = number_of(disposing, "disposal", "return_to_supplier")
    assert ward.get(f"/tasks/{back}").status_code == 404
    note = tasks.load_task(disposing.conn, back).proposal_id
    assert ward.get(f"/tasks/notes/{note}").status_code == 404


def test_only_its_role_closes_a_task_and_the_note_says_what_became_of_it(disposing: Company, as_: Clients) -> None:  # noqa: F811
    back = number_of(disposing, "disposal", "return_to_supplier")
    [line] = tasks.load_task(disposing.conn, back).lines
    form = {"state": "done", "line": tasks.line_key(line), "quantity": "5"}
    path = f"/tasks/{back}"
    assert send(as_("quality"), path, **form).status_code == 403
    assert 'name="quantity"' not in as_("quality").get(path).text
    ward = as_("ward", "warehouse")
    assert send(ward, path, **form).status_code == 404  # of another site
    warehouse = as_("warehouse")
    assert 'max="8"' in warehouse.get(path).text
    assert warehouse.post(path, data=form).status_code == 403  # not from a form of ours
    refused = send(warehouse, path, **form)
    assert refused.status_code == 409
    assert "not said why" in refused.text
    assert send(warehouse, path, **form, note="three were used", evidence="RMA-7").status_code == 303
    assert "RMA-7" in warehouse.get(path).text
    assert send(warehouse, path, **form, note="again").status_code == 409
    note = warehouse.get(f"/tasks/notes/{tasks.load_task(disposing.conn, back).proposal_id}")
    assert "Return to supplier" in words(note.text)
    assert "I1 SOON 8 5 3" in words(note.text)  # asked for, done, left
    assert "处置单" in warehouse.get(f"{note.url.path}?lang=zh").text


def test_whoever_is_asked_sees_what_is_to_become_of_it(ending: Company, as_: Clients) -> None:  # noqa: F811
    evaluate_live(ending.conn, RULES, ending.context)
    propose_dispositions(ending.conn, RULES, SETTINGS, ending.context)
    asked = actions.ask(ending.conn, replace(ending.context, run_id="ask"), 200, POLICIES)
    [first, *_] = [each for each in asked.questions if each.proposal.details["disposition"] == "scrap"]
    assert "报废：已过期 / Scrap: it has expired" in actions.in_words(first, POLICIES.steps["quality"].title, NOW).body
    access.introduce(ending.conn, ending.context, {"quinn": False})
    ending.conn.commit()
    page = as_("quinn", "quality").get(f"/approvals/{first.proposal.proposal_id}")
    assert "Scrap: it has expired" in words(page.text)


def test_a_check_is_answered_point_by_point_and_may_fail(disposing: Company, as_: Clients) -> None:  # noqa: F811
    site = tasks.load_task(disposing.conn, 1).site_id
    points = [{"key": key, "en": f"Look at {key}", "zh": f"查看 {key}"} for key in ("seal", "label")]
    check = tasks.NewTask(1, "check", site, "quality", {"en": "Check", "zh": "核查"}, NOW, checklist=points)
    number = tasks.task_of(disposing.conn, tasks.open_task(disposing.conn, check, disposing.context))
    disposing.conn.commit()
    quality, path = as_("quality"), f"/tasks/{number}"
    page = quality.get(f"{path}?lang=zh").text
    assert "查看 seal" in page
    assert "逾期" in page
    form = {"point": ["seal", "label"], "answer": ["passed", ""]}
    unanswered = send(quality, path, state="done", **form)
    assert unanswered.status_code == 409
    assert "尚无答案" in unanswered.text
    assert send(quality, path, state="no such", **form).status_code == 422
    failed = send(quality, path, state="failed", note="torn", point=["seal", "label"], answer=["failed", "passed"])
    assert failed.status_code == 303
    assert "Look at seal: failed" in words(quality.get(f"{path}?lang=en").text)
