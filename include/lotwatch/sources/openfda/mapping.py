"""Turns an enforcement report and a recall of openFDA into one notice.

Field names and meanings: openFDA's reference of the device endpoints `enforcement` and `recall`. Days are written
YYYYMMDD in the one and with dashes in the other.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from lotwatch.sources.connector import Problem, Record
from lotwatch.sources.notices import identifiers_in, storable, together
from lotwatch.sources.openfda.joining import Joined

_CLASS = re.compile(r"class (I{1,3})$", re.IGNORECASE)
_NO_CLASS = frozenset({"", "not yet classified", "nc"})
_DAY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:T00:00:00.*)?")
#: the recall database's words for a state, by how they begin
_STATES = {
    "open": "ongoing",
    "ongoing": "ongoing",
    "completed": "completed",
    "terminated": "terminated",
    "pending": "pending",
}
_PAGE = "https://www.accessdata.fda.gov/scripts/cdrh/cfdocs/cfRES/res.cfm?id="


def notice(joined: Joined, said_at: datetime) -> Record:
    """A notice of the FDA. What cannot be read becomes a problem of the record."""
    fields = _Fields(joined)
    number = fields.text("recall_number") or fields.text("product_res_number")
    if number is None and not fields.problems:
        fields.problems.append(Problem("recall_number", "it has neither a recall_number nor a product_res_number"))
    if joined.doubtful:
        fields.problems.append(Problem("recall", "an answer in which its other half may have been could not be read"))
    code_info = together((fields.of_report("code_info"), fields.of_recall("code_info")))
    more_code_info = fields.rest_of_codes()
    cfres_id = fields.text("cfres_id")
    row = {
        "authority": "fda",
        "number": number,
        "event_number": fields.text("event_id") or fields.text("res_event_number"),
        "recall_class": _recall_class(fields.text("classification")),
        "status": _status(fields.text("status") or fields.text("recall_status")),
        "action": fields.text("action"),
        "reason": together((fields.of_report("reason_for_recall"), fields.of_recall("reason_for_recall"))),
        "root_cause": fields.text("root_cause_description"),
        "product_description": together((
            fields.of_report("product_description"),
            fields.of_recall("product_description"),
        )),
        "code_info": code_info,
        "more_code_info": more_code_info,
        "udi_dis": identifiers_in(code_info, more_code_info),
        "product_codes": fields.texts("product_code"),
        "k_numbers": [*fields.texts("k_numbers"), *fields.texts("pma_numbers")],
        "firm": fields.text("recalling_firm"),
        "distribution": fields.text("distribution_pattern"),
        "quantity": fields.text("product_quantity"),
        "language": "en",
        "initiated_on": fields.day("recall_initiation_date") or fields.day("event_date_initiated"),
        "published_on": fields.day("report_date") or fields.day("event_date_posted"),
        "terminated_on": fields.day("termination_date") or fields.day("event_date_terminated"),
        "url": f"{_PAGE}{cfres_id}" if cfres_id else None,
        "said_at": said_at,
    }
    raw = plain({"enforcement": joined.enforcement, "recall": joined.recall})
    key = number or f"unreadable {sha256(repr(raw).encode()).hexdigest()[:16]}"
    return Record(key, raw, row, tuple(fields.problems))


def plain(value: Any) -> Any:
    """What was read as it can be kept: numbers as JSON has them, and no characters that cannot be stored."""
    if isinstance(value, Mapping):
        return {storable(str(key)): plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return storable(value)


def day(text: str | None) -> date | None:
    """A day as openFDA writes it, with dashes or without. Raises ValueError."""
    parts = _DAY.fullmatch(text) if text else None
    return date(*map(int, parts.groups())) if parts else date.fromisoformat(text) if text else None


class _Fields:
    """The fields of a joined record, the report's before the recall's; collects what cannot be read."""

    def __init__(self, joined: Joined) -> None:
        self.problems: list[Problem] = []
        self._report = self._object("enforcement", joined.enforcement)
        self._recall = self._object("recall", joined.recall)

    def text(self, name: str) -> str | None:
        return self.of_report(name) or self.of_recall(name)

    def of_report(self, name: str) -> str | None:
        return self._text(self._report, name)

    def of_recall(self, name: str) -> str | None:
        return self._text(self._recall, name)

    def rest_of_codes(self) -> str | None:
        """What the report's lots go on with, unless the recall tells all of them in one piece."""
        more, whole = self.text("more_code_info"), _letters(self.of_recall("code_info"))
        return None if more and _letters(self.of_report("code_info"), more) in whole else more

    def texts(self, name: str) -> list[str]:
        """A list, which is sometimes written as one text with commas."""
        value = self._report.get(name) or self._recall.get(name) or []
        if isinstance(value, str):
            value = value.split(",")
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            self._refuse(name, f"{value!r} is not a list of texts")
            return []
        return [storable(each.strip()) for each in value if each.strip()]

    def day(self, name: str) -> date | None:
        text = self.text(name)
        try:
            return day(text)
        except ValueError:
            self._refuse(name, f'"{text}" is not a day')
            return None

    def _object(self, name: str, value: Any) -> Mapping[str, Any]:
        if value is None or isinstance(value, dict):
            return value or {}
        self._refuse(name, "it is not an object")
        return {}

    def _text(self, record: Mapping[str, Any], name: str) -> str | None:
        value = record.get(name)
        if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
            value = str(value)
        if value is not None and not isinstance(value, str):
            self._refuse(name, f"{value!r} is not a text")
            return None
        return storable(value.strip()) or None if value else None

    def _refuse(self, name: str, reason: str) -> None:
        problem = Problem(name, reason[:300])
        if problem not in self.problems:
            self.problems.append(problem)


def _letters(*texts: str | None) -> str:
    return "".join("".join(filter(None, texts)).split()).casefold()


def _recall_class(text: str | None) -> str | None:
    if text is None or text.casefold() in _NO_CLASS:
        return None
    found = _CLASS.match(text)
    return found[1].upper() if found else text


def _status(text: str | None) -> str | None:
    if text is None:
        return None
    words = re.split(r"[\W\d]", text.casefold(), maxsplit=1)
    return _STATES.get(words[0], "unknown")
