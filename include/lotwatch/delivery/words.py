"""Values in words, in one language: numbers with their units, days, moments, and what an alert is about."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from lotwatch.formats import Formats, Language

#: (language, kind, code) -> what people call it: columns of facts, values in them
Names = Callable[[Language, str, str], str]
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+(Z|[+-][0-9:]+)")
#: what is told of a subject: part of it, where its code and its name are
_PARTS = (
    ("item", "item_code", "item_name"), ("lot", "lot_number", None), ("serial", "serial_number", None),
    ("order", "order_number", None), ("delivery", "delivery_number", None), ("demand", "demand_number", None),
    ("number", "number", None), ("carrier", "carrier", None), ("supplier", "supplier_code", "supplier_name"),
    ("site", "site_code", "site_name"),
)  # fmt: skip
_GROUPS = (*_PARTS, ("category", "category", None), ("region", "region", None))
#: characters of one value; another system's words may be long
_LONGEST = 500


def plain_names(_: Language, __: str, code: str) -> str:
    """For where nobody named anything: the code itself."""
    return code.replace("_", " ")


class Words:
    """Says values in `lang`; `names` knows what codes are called."""

    def __init__(self, lang: Language, names: Names = plain_names) -> None:
        self.lang = lang
        self.formats = Formats(lang)
        self._names = names

    def said(self, key: str) -> str:
        """A text of words.yaml by its key, such as `unit.days`; the last part of the key where there is none."""
        found: Any = _catalogue()
        *branches, leaf = key.split(".", 1)
        for part in (*branches, leaf):
            found = found.get(part, {}) if isinstance(found, dict) else {}
        return str(found[self.lang]) if found else leaf

    def cell(self, value: Any) -> str:
        """A value of a message's table. Objects say what they are: `{"moment": ...}`, `{"values": [...]}`, ..."""
        return self._cell(value)[:_LONGEST]

    def _cell(self, value: Any) -> str:
        if value is None:
            return ""
        if not isinstance(value, dict):
            return str(value)
        if self.lang in value:
            return str(value[self.lang])
        (kind, inner), *_ = value.items()
        return str(getattr(self, f"_{kind}")(inner))

    def moment(self, value: str) -> str:
        """An ISO moment, to the minute."""
        return self.formats.moment(datetime.fromisoformat(value))

    def day(self, value: str) -> str:
        """An ISO day."""
        return self.formats.date(date.fromisoformat(value))

    def number(self, value: float | str) -> str:
        """A quantity."""
        return self.formats.number(Decimal(str(value)))

    _moment, _day, _number = moment, day, number

    def _severity(self, code: str) -> str:
        return self.said(f"severity.{code}")

    def _money(self, value: Sequence[str]) -> str:
        amount, currency = value
        return f"{self.formats.money(Decimal(amount))} {currency}"

    def _values(self, values: Sequence[Mapping[str, Any]]) -> str:
        """`Available: 3 units`, one after another."""
        said = [f"{self._names(self.lang, 'column', each['name'])}: {self._measured(each)}" for each in values]
        return ("; " if self.lang == "en" else "；").join(said)

    def _measured(self, each: Mapping[str, Any]) -> str:
        if "most" in each:
            least, most = ({"value": each["value"]}, {"value": each["most"], "unit": each.get("unit")})
            return self.said("range").format(least=self._measured(least), most=self._measured(most))
        value = each["value"]
        if value is None:
            return self.said("unknown")
        if isinstance(value, bool):
            return self.said("yes" if value else "no")
        if isinstance(value, int | float):
            unit = self.said(f"unit.{each['unit']}") if each.get("unit") else ""
            return f"{self.number(value)} {unit}".rstrip()
        if isinstance(value, str):
            if _DAY.fullmatch(value):
                return self.day(value)
            return self.moment(value) if _MOMENT.fullmatch(value) else self._names(self.lang, "value", value)
        return json.dumps(value, ensure_ascii=False)

    def _subject(self, subject: Mapping[str, Any]) -> str:
        """What it is about: `Stent 3.0 (I1), lot L1, at North DC (DC)`."""
        return self._parts(subject, _PARTS) or str(subject.get("subject_key", ""))

    def _parts(self, subject: Mapping[str, Any], parts: Sequence[tuple[str, str, str | None]]) -> str:
        said = []
        for part, code, name in parts:
            if subject.get(code):
                known = subject.get(name) if name else None
                label = f"{known} ({subject[code]})" if known and known != subject[code] else str(subject[code])
                said.append(self.said(f"subject.{part}").format(label))
        return (", " if self.lang == "en" else "，").join(said)

    def _group(self, group: Mapping[str, Any]) -> str:
        """Many at once: how many, what they share, some of them."""
        common = self._parts(group["common"], _GROUPS)
        examples = ("; " if self.lang == "en" else "；").join(self._subject(each) for each in group["examples"])
        comma = ", " if self.lang == "en" else "，"
        return self.said("group").format(
            count=self.number(group["count"]), common=comma + common if common else "", examples=examples
        )

    def _rule(self, told: Mapping[str, Any]) -> str:
        """A rule's title, and whether it is about it once more."""
        what = str(told["title"][self.lang])
        if told.get("escalated"):
            what = self.said("escalated").format(what=what)
        if told.get("recurrences"):
            what = self.said("again").format(what=what, count=self.number(told["recurrences"]))
        return what

    def _headline(self, row: Mapping[str, Any]) -> str:
        """One line of alerts: how bad, what, where."""
        severity, what, where = (self._cell(row[name]) for name in ("severity", "what", "where"))
        return self.said("headline").format(severity=severity, what=what, where=where)

    def _proposed(self, codes: Sequence[str]) -> str:
        return self.said("proposed").format(codes=", ".join(codes))

    def _duty(self, told: Mapping[str, Mapping[str, str]]) -> str:
        return self.said("duty").format_map(told[self.lang])

    def _several(self, values: Sequence[Any]) -> str:
        return " ".join(self._cell(value) for value in values)


@cache
def _catalogue() -> dict[str, Any]:
    known: dict[str, Any] = yaml.safe_load(
        files("lotwatch.delivery").joinpath("words.yaml").read_text(encoding="utf-8")
    )
    return known
