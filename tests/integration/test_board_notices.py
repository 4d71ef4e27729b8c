"""On the board notices are read, version beside version, and quality loads a supplier's letter."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from lotwatch import access
from lotwatch.jobs.letters import receive
from lotwatch.recall.cases import open_cases
from lotwatch.sources.letters import LARGEST_FILE, Stated, read_letter
from lotwatch_airflow.board.differences import differences
from lotwatch_local.settings import Settings
from tests.integration.boards import board_app
from tests.integration.company import NOW, Company, context
from tests.integration.test_board import rows, table

FORM = {"sec-fetch-site": "same-origin"}
Clients = Callable[..., TestClient]


@pytest.fixture(scope="module", autouse=True)
def _airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Airflow writes its configuration when it is first imported: not into anybody's home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
        yield


@pytest.fixture
def as_(database: Settings, db_name: str, company: Company) -> Iterator[Clients]:
    """The board as somebody with some roles sees it, an hour after NOW."""
    from lotwatch_airflow.board import auth
    from lotwatch_airflow.board.database import Reader, Writer
    from lotwatch_airflow.board.forms import Forms
    from lotwatch_airflow.board.person import Person
    from lotwatch_airflow.board.view import Board

    access.introduce(company.conn, company.context, dict.fromkeys(("viewer", "quality", "warehouse"), False))
    company.conn.commit()
    reader = Reader(lambda: database.database_url("board", db_name))
    writer = Writer(lambda: database.database_url("app", db_name))
    app = board_app(Board(reader, writer, Forms("secret"), lambda _: {}, lambda: NOW + timedelta(hours=1)))

    def make(role: str) -> TestClient:
        app.dependency_overrides[auth.signed_in] = lambda: Person(role, frozenset([role]))
        return TestClient(app, cookies={"_token": f"login of {role}"}, follow_redirects=False)

    yield make
    reader.close()


def load(company: Company, text: str, day: int, **stated: Any) -> int:
    """Load a letter that was written on a day of June."""
    said = Stated.model_validate({"supplier": "S1", "number": "FSN-7", "written_on": date(2026, 6, day)} | stated)
    company.conn.commit()
    return receive(company.conn, context(), read_letter(text.encode(), "letter.txt"), said).notice_id


def send(client: TestClient, content: bytes, name: str = "letter.txt", **fields: str) -> Response:
    """Send the form with a letter, as a browser does."""
    from lotwatch_airflow.board.forms import FIELD

    token = client.app.state.board.forms.token(client.cookies["_token"])  # type: ignore[attr-defined]
    given = {FIELD: token, "supplier": "S1", "number": "FSN-7"} | fields
    return client.post("/notices/new", data=given, files={"letter": (name, content)}, headers=FORM)


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html.partition("<main")[2]).split())


def test_notices_are_listed_as_they_say_now_and_found_by_what_they_name(as_: Clients, company: Company) -> None:
    load(company, "Catheters may leak\nLot A1", 10, recall_class="I", code_info="Lot A1", firm="Acme AG")
    load(company, "Pumps stop", 12, number="FSN-8", code_info="SN 0017")
    client = as_("viewer")
    newest, oldest = rows(client.get("/notices").text)
    assert "FSN-8 Supplier One S1 not classified" in newest
    assert "FSN-7 Supplier One S1 Class I" in oldest
    assert "FSN-8" not in client.get("/notices?recall_class=I").text.partition("<main")[2]
    for asked in ("sn 0017", "FSN-8", "supplier one"):
        assert "FSN-8" in client.get("/notices", params={"text": asked}).text
    assert "Nothing matches" in client.get("/notices?text=Z-9&authority=fda").text
    assert "一级" in client.get("/notices?lang=zh").text
    assert [row["Lots and serials"] for row in table(client.get("/notices.csv?lang=en").text)] == ["SN 0017", "Lot A1"]


def test_a_notice_shows_what_changed_from_version_to_version(as_: Clients, company: Company) -> None:
    load(company, "Stop using lots A1, A2", 10, code_info="Lots A1, A2", recall_class="II")
    notice = load(company, "Stop using lots A1, A2, A3", 12, code_info="Lots A1, A2, A3", recall_class="I")
    html = as_("viewer").get(f"/notices/{notice}").text
    assert "Lots A1, A2<ins>, A3</ins>" in html
    assert "<del>II</del><ins>I</ins>" in html
    said = words(html)
    assert said.index("12 Jun 2026") < said.index("10 Jun 2026") < said.index("The first that was read")
    assert "letter.txt text/plain" in said
    assert as_("viewer").get(f"/notices/{notice + 1}").status_code == 404


def test_a_notice_that_opened_no_case_shows_what_there_is_of_its_firm_or_supplier(
    as_: Clients, company: Company
) -> None:
    for item, maker in (("I1", "Acme Ltd"), ("I2", None), ("I3", "Bolt Ltd")):
        company.item(item, legal_manufacturer=maker)
        company.lot("L1", item)
        company.move(12, "DC", item=item)
    company.agreement("I2")
    company.post()
    notice = load(company, "Please call us about your stock", 10, firm="ACME, Inc.")
    company.conn.autocommit = True
    open_cases(company.conn, company.context)
    said = words(as_("quality").get(f"/notices/{notice}?lang=en").text)
    assert "What we have of the firms that it names" in said
    assert [f"Device {item} {item} 1 12" in said for item in ("I1", "I2", "I3")] == [True, True, False]
    company.conn.execute(
        "WITH opened AS (INSERT INTO lotwatch.recall_case (code, kind, origin, title, issuer, action_kind, our_role,"
        " jurisdiction, opened_at, opened_by) VALUES ('RC-1', 'recall', 'notice', '', '', 'remove', 'user', 'us', now(), 'x')"
        " RETURNING case_id) INSERT INTO lotwatch.recall_case_notice SELECT %s, case_id FROM opened",
        (notice,),
    )
    assert "What we have" not in words(as_("quality").get(f"/notices/{notice}?lang=en").text)


def test_a_long_letter_is_shown_in_part_and_downloaded_whole(as_: Clients, company: Company) -> None:
    text = "Lot A1\n" * 10_000
    notice = load(company, text, 10)
    client = as_("viewer")
    assert "20,000 of 69,999 characters" in words(client.get(f"/notices/{notice}").text)
    whole = client.get(f"/notices/{notice}/letter.txt")
    assert whole.text == text.strip()
    assert whole.headers["content-disposition"].startswith("attachment")
    assert client.get(f"/notices/{notice + 1}/letter.txt").status_code == 404


def test_quality_loads_a_letter_and_is_shown_its_notice(as_: Clients, company: Company) -> None:
    client = as_("quality")
    assert 'enctype="multipart/form-data"' in client.get("/notices/new").text
    answer = send(client, b"Stop using lot A1", recall_class="II", action_kind="remove", written_on="2026-06-10",
                  catalogue_numbers="AB-1, AB-2", code_info="A1\nA2")  # fmt: skip
    assert answer.status_code == 303
    said = words(client.get(answer.headers["location"]).text)
    assert "The letter is kept." in said
    assert "AB-1, AB-2" in said
    assert "Class II ongoing remove" in said
    again = send(client, b"Stop using lot A1", recall_class="II", action_kind="remove", written_on="2026-06-10",
                 catalogue_numbers="AB-1, AB-2", code_info="A1\nA2")  # fmt: skip
    assert "Nothing was changed" in words(client.get(again.headers["location"]).text)
    row = company.conn.execute(
        "SELECT DISTINCT actor FROM lotwatch.audit_event WHERE dag_id = 'board' AND action = 'batch posted'"
    ).fetchone()
    assert row == ("quality",)


def test_eight_megabytes_are_taken_and_more_is_refused(as_: Clients, company: Company) -> None:
    client = as_("quality")
    assert send(client, b"Lot A1\n" * (LARGEST_FILE // 7)).status_code == 303
    refused = send(client, b"x" * (LARGEST_FILE + 1))
    assert refused.status_code == 422
    assert "more than 8,388,608" in refused.text
    refused = send(client, b"x" * (LARGEST_FILE + 1_000_000))
    assert refused.status_code == 413
    assert "Nothing was changed" in refused.text
    assert company.conn.execute("SELECT count(*) FROM lotwatch.notice_version").fetchone() == (1,)


@pytest.mark.parametrize(
    ("content", "fields", "complaint"),
    [
        (b"PK\x03\x04\x00", {}, "neither text, e-mail, web page nor PDF"),
        (b"", {}, "no text"),
        (b"Lot A1", {"number": ""}, "Say whose letter it is"),
        (b"Lot A1", {"written_on": "yesterday"}, "The day cannot be read"),
        (b"Lot A1", {"supplier": "S9"}, "Supplier S9 of notice FSN-7 is not known"),
    ],
)
def test_what_cannot_be_kept_is_told_in_the_form(
    as_: Clients, company: Company, content: bytes, fields: dict[str, str], complaint: str
) -> None:
    answer = send(as_("quality"), content, **fields)
    assert answer.status_code == 422
    assert complaint in answer.text
    assert company.conn.execute("SELECT count(*) FROM lotwatch.notice").fetchone() == (0,)


def test_only_quality_loads_letters_and_only_from_a_form_of_ours(as_: Clients, company: Company) -> None:
    for role in ("viewer", "warehouse"):
        client = as_(role)
        assert client.get("/notices/new").status_code == 403
        assert send(client, b"Lot A1").status_code == 403
        assert "notices/new" not in client.get("/notices").text
    forged = as_("quality").post("/notices/new", data={"supplier": "S1", "number": "1"}, files={"letter": ("a", b"x")})
    assert forged.status_code == 403
    assert company.conn.execute("SELECT count(*) FROM lotwatch.notice").fetchone() == (0,)


def test_what_a_letter_says_is_shown_as_text(as_: Clients, company: Company) -> None:
    hostile = "<script>alert(1)</script> & <b>lot</b> A1"
    notice = load(company, hostile, 10, firm=hostile, code_info=hostile, title=hostile)
    load(company, f"{hostile} and A2", 11, firm=f"{hostile} Ltd", code_info="none", title=hostile)
    client = as_("viewer")
    for path in ("/notices", f"/notices/{notice}"):
        assert "<script>alert" not in client.get(path).text
    assert client.get(f"/notices/{notice}/letter.txt").headers["content-type"].startswith("text/plain")


def test_differences_are_told_by_words_then_by_lines_then_as_a_whole() -> None:
    assert [piece.text for piece in differences("lots A1, A2", "lots A1, A3") if piece.kind != "same"] == ["A2", "A3"]
    long = "".join(f"line {number} of a long letter\n" for number in range(1_500))
    pieces = differences(long, long.replace("line 700 of", "line 700, of"))
    assert [piece.kind for piece in pieces] == ["same", "gone", "new", "same"]
    assert sum(len(piece.text) for piece in pieces) < 500
    assert [piece.kind for piece in differences("x\n" * 5_000, "y\n" * 5_000)] == ["gone", "new"]
