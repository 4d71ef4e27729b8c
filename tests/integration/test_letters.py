"""A supplier's recall letter becomes a notice whatever it comes as, or is refused with what to do."""

from datetime import UTC, date, datetime
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path

import psycopg
import pytest
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject
from typer.testing import CliRunner

from lotwatch.audit import begin_run
from lotwatch.cli import app
from lotwatch.errors import GateError, SourceError
from lotwatch.jobs.letters import receive
from lotwatch.sources.letters import LARGEST_FILE, Stated, read_letter
from tests.integration.company import Company, context

TEXT = "Urgent field safety notice FSN-7\n\nStop using lots 014603 and 0 14604. UDI-DI 04053210000014."
CHINESE = "紧急召回通知\n\n请立即停止使用批号 014603、014604 的导管，并退回供应商。"


def pdf(text: str, pages: int = 1, further: bytes = b"") -> bytes:
    """A small PDF that says `text` on each page; with `further`, packed, on a last one."""
    writer = PdfWriter()
    names = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    font = DictionaryObject({NameObject(key): NameObject(value) for key, value in names.items()})
    for shown in [f"BT /F1 12 Tf 50 700 Td ({text}) Tj ET".encode()] * pages + [further] * bool(further):
        content = DecodedStreamObject()
        content.set_data(shown)
        page = writer.add_blank_page(600, 800)
        page[NameObject("/Contents")] = writer._add_object(content.flate_encode() if further else content)
        fonts = DictionaryObject({NameObject("/F1"): font})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    written = BytesIO()
    writer.write(written)
    return written.getvalue()


def mail(*attachments: tuple[str, bytes]) -> bytes:
    message = EmailMessage()
    message["From"] = "quality@supplier.example"
    message["To"] = "recalls@hospital.example"
    message["Subject"] = "FSN-7: catheters, lots 014603"
    message["Date"] = "Thu, 11 Jun 2026 09:30:00 +0200"
    message.set_content("Dear customer,\n\nsee the letter attached.")
    message.add_alternative("<p>Dear customer</p>", subtype="html")
    for name, content in attachments:
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


# --- reading


@pytest.mark.parametrize(
    "content",
    [TEXT.encode(), b"\xef\xbb\xbf" + TEXT.encode(), TEXT.replace("\n", "\r\n").encode(), TEXT.encode("utf-16")],
)
def test_plain_text_is_read_in_any_of_its_usual_encodings(content: bytes) -> None:
    letter = read_letter(content, "letter.txt")
    assert letter.text == TEXT
    assert letter.title == "Urgent field safety notice FSN-7"


def test_chinese_text_of_older_programs_is_read() -> None:
    assert read_letter(CHINESE.encode("gb18030"), "通知.txt").text == CHINESE


def test_a_web_page_gives_what_it_shows(tmp_path: Path) -> None:
    page = (
        "<!DOCTYPE html><html><head><title>Recall  FSN-7</title><style>p{}</style></head><body><script>alert(1)</script>"
        "<p>Stop using lots</p><table><tr><td>014603</td><td>9/2028</td></tr></table>&lt;b&gt;</body></html>"
    )
    letter = read_letter(page.encode(), "letter.txt")  # by its content, whatever it is called
    assert letter.title == "Recall FSN-7"
    assert letter.text.split() == ["Stop", "using", "lots", "014603", "9/2028", "<b>"]


def test_a_pdf_gives_its_text() -> None:
    assert read_letter(pdf("Stop using lot 014603"), "letter.pdf").text == "Stop using lot 014603"


def test_an_e_mail_gives_its_body_and_its_attachments_and_says_which_were_not_read() -> None:
    letter = read_letter(mail(("letter.pdf", pdf("lot 014604")), ("photo.jpg", b"\xff\xd8\x00\x01")), "fsn.eml")
    assert letter.text == "Dear customer,\n\nsee the letter attached.\n\n--- letter.pdf ---\nlot 014604"
    assert letter.title == "FSN-7: catheters, lots 014603"
    assert letter.sent_at == datetime(2026, 6, 11, 7, 30, tzinfo=UTC)
    assert letter.sender == "quality@supplier.example"
    assert [(each.name, each.read) for each in letter.attachments] == [
        ("fsn.eml", True), ("letter.pdf", True), ("photo.jpg", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "no text"),
        (b" \n ", "no text"),
        (b"x" * (LARGEST_FILE + 1), "more than 8,388,608"),
        (b"PK\x03\x04\x00\x00", "neither text, e-mail, web page nor PDF"),
        (b"%PDF-1.7\nbroken", "The PDF cannot be read"),
        (pdf(""), "a picture of a letter"),
        (pdf("x", pages=501), "501 pages, more than 500"),
    ],
)
def test_what_is_no_letter_is_refused_with_what_to_do(content: bytes, complaint: str) -> None:
    with pytest.raises(SourceError, match=complaint) as told:
        read_letter(content, "letter.pdf")
    assert "letter.pdf" in str(told.value)
    assert "What to do" in str(told.value)


def test_a_pdf_that_unpacks_without_end_is_refused_within_bounds() -> None:
    content = pdf("Lot 1", further=b"BT (x) Tj ET " * (120 * 1024 * 1024 // 13))
    assert len(content) < LARGEST_FILE / 10
    with pytest.raises(SourceError, match="The PDF cannot be read"):
        read_letter(content, "bomb.pdf")


# --- into the notices


@pytest.fixture
def conn(company: Company) -> psycopg.Connection:
    company.conn.commit()
    company.conn.autocommit = True
    return company.conn


def load(conn: psycopg.Connection, content: bytes, **stated: object) -> tuple[int, bool]:
    circumstances = begin_run(conn, context("letters", str(stated)))
    said = Stated.model_validate({"supplier": "S1", "number": "FSN-7"} | stated)
    received = receive(conn, circumstances, read_letter(content, "letter"), said)
    return received.notice_id, received.new


def test_a_letter_becomes_a_notice_and_its_next_wording_a_version(conn: psycopg.Connection) -> None:
    first = load(conn, TEXT.encode(), written_on=date(2026, 6, 10), recall_class="II", action_kind="remove")
    assert load(conn, TEXT.encode(), written_on=date(2026, 6, 10), recall_class="II", action_kind="remove") == (
        first[0],
        False,
    )
    grown = f"{TEXT}\nAlso lot 014605.".encode()
    assert load(conn, grown, written_on=date(2026, 6, 12), recall_class="I") == (first[0], True)
    assert load(conn, TEXT.encode(), written_on=date(2026, 6, 9), number="FSN-8")[0] != first[0]
    row = conn.execute(
        "SELECT issuer, recall_class, published_on, udi_dis, body LIKE '%%014605%%', attachments -> 0 ->> 'name'"
        " FROM lotwatch.notice_current WHERE number = 'FSN-7'"
    ).fetchone()
    assert row == ("S1", "I", date(2026, 6, 12), ["04053210000014"], True, "letter")


def test_the_letter_that_was_written_last_is_in_force_in_whatever_order_they_are_loaded(
    conn: psycopg.Connection,
) -> None:
    for day in (12, 10, 11):
        load(conn, f"Lots of day {day}".encode(), written_on=date(2026, 6, day))
    assert conn.execute("SELECT body FROM lotwatch.notice_current").fetchone() == ("Lots of day 12",)
    assert conn.execute("SELECT count(*) FROM lotwatch.notice_version").fetchone() == (3,)


def test_eight_megabytes_of_text_pass(conn: psycopg.Connection) -> None:
    line = "Lot 014603, 装置 A, used before 2028. "
    content = (line * (LARGEST_FILE // len(line.encode()) + 1)).encode()[:LARGEST_FILE]
    content = content.decode(errors="ignore").encode()
    load(conn, content)
    row = conn.execute("SELECT length(body), language FROM lotwatch.notice_current").fetchone()
    assert row == (len(content.decode().strip()), "zh")


def test_text_with_characters_that_cannot_be_kept_is_kept_without_them(conn: psycopg.Connection) -> None:
    load(conn, "Lot \ufffe 1\x0b".encode("utf-16"))
    assert conn.execute("SELECT count(*) FROM lotwatch.notice_version").fetchone() == (1,)


def test_a_letter_of_nobody_we_know_is_kept_out_and_says_why(conn: psycopg.Connection) -> None:
    with pytest.raises(GateError, match="Supplier S9 of notice FSN-7 is not known"):
        load(conn, TEXT.encode(), supplier="S9")
    assert conn.execute("SELECT count(*) FROM lotwatch.notice").fetchone() == (0,)
    assert conn.execute("SELECT count(*) FROM lotwatch.quarantine WHERE state = 'open'").fetchone() == (1,)


def test_a_letter_is_loaded_from_the_shell(conn: psycopg.Connection, db_url: str, tmp_path: Path) -> None:
    path = tmp_path / "fsn.eml"
    path.write_bytes(mail(("letter.pdf", pdf("lot 014604")), ("photo.jpg", b"\xff\xd8\x00")))
    shell = CliRunner(env={"LOTWATCH_DATABASE": db_url, "USER": "qa", "COLUMNS": "200"})
    arguments = ["notice", "load", str(path), "--supplier", "S1", "--number", "FSN-9", "--action", "remove"]
    told = shell.invoke(app, arguments)
    assert told.exit_code == 0, told.output
    assert "Notice FSN-9 of S1 is kept" in told.output
    assert "Not read: photo.jpg" in told.output
    assert "says what it said before" in shell.invoke(app, arguments).output
    assert "FSN-9" in shell.invoke(app, ["notice", "list"]).output
