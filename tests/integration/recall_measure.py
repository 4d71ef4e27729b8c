"""Builds the stock that the answer files of recalls are about, and measures what becomes of it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

from lotwatch.sources.openfda.joining import Joined
from lotwatch.sources.openfda.mapping import notice
from tests.integration.company import NOW, Company

ANSWERS: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("recall_answers.yaml").read_text())
SECOND: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("recall_answers_second.yaml").read_text())
QUANTITY = 10


@dataclass(frozen=True, slots=True)
class Figures:
    """Units of lots and serials: in all, affected or unknown and left pickable, held for sure though not affected, and that
    a person must look at; with the numbers that are wrong."""

    units: int
    escaped: list[str]
    wrong: list[str]
    for_a_person: int


def real(folder: Path) -> list[tuple[dict[str, Any], list[Mapping[str, Any]]]]:
    """The real notices with our items."""
    found = json.loads((folder / "openfda_device_enforcement_17.json").read_text())
    said_at = datetime(2026, 6, 1, tzinfo=UTC)
    rows = [notice(Joined(each, None), said_at).row for each in found]
    assert {row["number"] for row in rows} == set(ANSWERS["real"])
    return [(row, ANSWERS["real"][row["number"]]) for row in rows]


def made(answers: Mapping[str, Any] = ANSWERS["made"]) -> list[tuple[dict[str, Any], list[Mapping[str, Any]]]]:
    """Those of our own making; with `SECOND` those of the other hand."""
    plain = {"authority": "fda", "status": "ongoing", "said_at": NOW}
    return [({**plain, "number": f"M-{name}", **each["notice"]}, each["items"]) for name, each in answers.items()]


def stock(company: Company, notices: Iterable[tuple[Mapping[str, Any], Iterable[Mapping[str, Any]]]]) -> None:
    """Items with their devices' records, ten of each lot and one of each serial at DC, and the notices."""
    for told, items in notices:
        company.add("notice", f"notice {told['number']}", **told)
        for item in items:
            serial = "serials" in item
            code = item["code"]
            company.item(
                code, name=item["name"], legal_manufacturer=item["maker"], label_lot=not serial, label_serial=serial
            )
            if "catalogue" in item or "di" in item:
                di = item.get("di") or f"NAT-{code}"
                company.add("identifier", item_code=code, code=di, package_level="unit", units_contained=1)
                if "catalogue" in item:
                    company.add(
                        "device_record", udi_di=di, agency="NATIONAL", company=item["maker"],
                        catalogue_number=item["catalogue"],
                    )  # fmt: skip
            for number in (number for numbers in item.get("lots", item.get("serials")).values() for number in numbers):
                number, _, usable_through = number.partition("~")
                number, _, made_on = number.partition("=")
                if serial:
                    company.add("lot", item_code=code, serial_number=number)
                    company.move(1, "DC", item=code, lot=None, serial_number=number)
                else:
                    days = {"manufactured_on": made_on, "expires": usable_through}
                    known = {name: date.fromisoformat(day) for name, day in days.items() if day}
                    company.lot(number, item=code, **known)
                    company.move(QUANTITY, "DC", item=code, lot=number)
    company.post()


def measure(company: Company, notices: Iterable[tuple[Mapping[str, Any], Iterable[Mapping[str, Any]]]]) -> Figures:
    """What is held of what, by the answers."""
    held: dict[tuple[str, str], set[str]] = {}
    for item, number, cause in company.conn.execute(
        "SELECT item.code, coalesce(unit.number, lot.number), hold.cause FROM lotwatch.held_stock AS held"
        " JOIN lotwatch.hold USING (hold_id) JOIN lotwatch.item AS item ON item.item_id = held.item_id"
        " LEFT JOIN lotwatch.lot ON lot.lot_id = held.lot_id"
        " LEFT JOIN lotwatch.serial_unit AS unit ON unit.serial_id = held.serial_id"
    ):
        held.setdefault((item, number), set()).add(cause)
    units, for_a_person, escaped, wrong = 0, 0, [], []
    for told, items in notices:
        for item in items:
            quantity = 1 if "serials" in item else QUANTITY
            for answer, numbers in item.get("lots", item.get("serials")).items():
                for number in numbers:
                    number = number.partition("=")[0].partition("~")[0]
                    causes = held.get((item["code"], number), set())
                    units += quantity
                    if answer != "unaffected" and not causes:
                        escaped.append(f"{told['number']} {item['code']} {number}")
                    if answer not in ("affected", "careful") and "recall" in causes:
                        wrong.append(f"{told['number']} {item['code']} {number}")
                    if "precaution" in causes and "recall" not in causes:
                        for_a_person += quantity
    return Figures(units, escaped, wrong, for_a_person)
