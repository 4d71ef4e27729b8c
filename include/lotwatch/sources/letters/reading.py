"""Finds out what a letter's file is, by its content and not by its name, and gets the text out of it."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

from lotwatch.errors import SourceError
from lotwatch.sources.letters.pdf import LARGEST_TEXT, text_of
from lotwatch.sources.notices import storable

LARGEST_FILE = 8 * 1024 * 1024  # bytes
_MOST_READ = 20  # attachments whose text is read; the rest are named
_HEADERS = re.compile(rb"(?:[A-Za-z][\w-]*:[ \t][^\n]*\n(?:[ \t][^\n]*\n)*){3}", re.ASCII)
_OF_MAIL = re.compile(rb"^(?:from|to|subject|received|mime-version|date):", re.IGNORECASE | re.MULTILINE)
_MARKUP = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_BLANK_LINES = re.compile(r"(?:[ \t\u00a0]*\n){3,}")
_DO = "load it as text, e-mail (.eml), web page (.html) or PDF"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of the letter, as it is told; `read`: whether its text is in the letter's."""

    name: str
    media_type: str
    size: int
    sha256: str
    read: bool


@dataclass(frozen=True, slots=True)
class Letter:
    """What a letter says. `sent_at` (UTC) and `sender` are an e-mail's; attachments include the file itself."""

    text: str
    title: str | None
    sent_at: datetime | None
    sender: str | None
    attachments: tuple[Attachment, ...]

    def described(self) -> list[dict[str, Any]]:
        """The files, JSON-able."""
        return [asdict(each) for each in self.attachments]


def read_letter(content: bytes, name: str) -> Letter:
    """The letter in a file. Raises SourceError for one that is too large, empty, or nothing that can be read."""
    if len(content) > LARGEST_FILE:
        what = f"The file has {len(content):,} bytes, more than {LARGEST_FILE:,}"
        raise SourceError(what, where=name, do="load the letter without its pictures")
    media_type = media_type_of(content)
    if media_type == "message/rfc822":
        letter = _of_mail(content, name)
    else:
        text, title = _text(content, media_type, name)
        letter = Letter(text, title, None, None, (_attachment(content, name, media_type, read=True),))
    if not letter.text.strip():
        raise SourceError("The letter has no text", where=name, do=_DO)
    if len(letter.text) > LARGEST_TEXT:
        raise SourceError(f"The letter has more than {LARGEST_TEXT:,} characters", where=name, do="load its parts")
    return letter


def media_type_of(content: bytes) -> str | None:
    """What a file is; None for what is neither PDF, e-mail, web page nor text."""
    start = content[:4096]
    if b"%PDF-" in start[:1024]:
        return "application/pdf"
    if _MARKUP.match(start):
        return "text/html"
    if _HEADERS.match(start.replace(b"\r\n", b"\n")) and len(set(_OF_MAIL.findall(start.lower()))) >= 2:
        return "message/rfc822"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or not _BINARY.search(content):
        return "text/plain"
    return None


def _text(content: bytes, media_type: str | None, name: str) -> tuple[str, str | None]:
    """(text, title) of a file that is no e-mail."""
    if media_type == "application/pdf":
        text, title = text_of(content, name)
    elif media_type == "text/html":
        page = _Page()
        page.feed(_decoded(content, name))
        text, title = page.text, page.title
    elif media_type == "text/plain":
        text, title = _decoded(content, name), None
    else:
        raise SourceError("The file is neither text, e-mail, web page nor PDF", where=name, do=_DO)
    return _tidy(text), title or _first_line(text)


def _decoded(content: bytes, name: str) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    for encoding in ("utf-8-sig", "gb18030", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SourceError("The text is neither UTF-8, UTF-16, GB18030 nor Windows-1252", where=name, do="save it as UTF-8")


def _of_mail(content: bytes, name: str) -> Letter:
    try:
        mail = message_from_bytes(content, policy=policy.default)
        parts = list(_parts(mail))
    except (RecursionError, LookupError, ValueError, AttributeError, TypeError) as error:
        raise SourceError(f"The e-mail cannot be read: {error}", where=name, do=_DO) from error
    texts: list[str] = []
    files = [_attachment(content, name, "message/rfc822", read=True)]
    for part_name, media_type, part in parts:
        read = len(texts) <= _MOST_READ and media_type in {"application/pdf", "text/html", "text/plain"}
        if read:
            try:
                text, _ = _text(part, media_type, f"{name}: {part_name}" if part_name else name)
                texts.append(f"--- {part_name} ---\n{text}" if part_name else text)
            except SourceError:
                read = False  # it is named as not read, and a person opens it
        if part_name:
            files.append(_attachment(part, part_name, media_type or "application/octet-stream", read=read))
    subject = storable(str(mail["subject"] or "").strip()) or None
    return Letter("\n\n".join(texts), subject, _sent_at(mail), storable(str(mail["from"] or "")) or None, tuple(files))


def _parts(mail: EmailMessage) -> Iterator[tuple[str, str | None, bytes]]:
    """(name, what it is, content) of the body, whose name is empty, then of each attachment."""
    body = mail.get_body(("plain", "html"))
    if body is not None:
        content = body.get_payload(decode=True) or b""
        charset = body.get_content_charset() or "utf-8"
        assert isinstance(content, bytes)  # noqa: S101  # decode=True
        yield "", body.get_content_type(), content.decode(charset, errors="replace").encode()
    for part in mail.walk():
        if part is body or part.is_multipart():
            continue
        named = part.get_filename()
        content = part.get_payload(decode=True)
        if named and isinstance(content, bytes):
            yield storable(named)[:200], media_type_of(content), content


def _sent_at(mail: EmailMessage) -> datetime | None:
    try:
        sent = parsedate_to_datetime(str(mail["date"]))
    except (ValueError, TypeError):
        return None
    return sent.replace(tzinfo=UTC) if sent.tzinfo is None else sent.astimezone(UTC)


def _attachment(content: bytes, name: str, media_type: str | None, *, read: bool) -> Attachment:
    kind = media_type or "application/octet-stream"
    return Attachment(storable(name)[:200], kind, len(content), sha256(content).hexdigest(), read)


def _tidy(text: str) -> str:
    plain = storable(text).replace("\r\n", "\n").replace("\r", "\n")
    return _BLANK_LINES.sub("\n\n", plain).strip()


def _first_line(text: str) -> str | None:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return storable(line)[:200] or None


class _Page(HTMLParser):
    """The text of a web page, blocks on lines of their own, cells apart; what is not shown is left out."""

    _HIDDEN = frozenset({"script", "style", "template", "noscript"})
    _INLINE = frozenset({"a", "abbr", "b", "em", "font", "i", "small", "span", "strong", "sub", "sup", "u"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._texts: list[str] = []
        self._titles: list[str] = []
        self._hidden = 0
        self._in_title = False

    @property
    def text(self) -> str:
        return "".join(self._texts)

    @property
    def title(self) -> str | None:
        return " ".join("".join(self._titles).split())[:200] or None

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._hidden += tag in self._HIDDEN
        self._in_title = self._in_title or tag == "title"
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in self._HIDDEN and self._hidden > 0
        self._in_title = self._in_title and tag != "title"
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self._titles.append(data)
        elif not self._hidden:
            self._texts.append(re.sub(r"\s+", " ", data))

    def _break(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self._texts.append("\t")
        elif tag not in self._INLINE:
            self._texts.append("\n")
