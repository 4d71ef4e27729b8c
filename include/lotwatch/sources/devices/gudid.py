"""GUDID's records as device records.

Field names: AccessGUDID's device look-up, version 3 (`gudid.device`), and its data dictionary. Yes/no fields say what the
label's production identifier carries (`lotBatch`, `serialNumber`, `manufacturingDate`, `expirationDate`).
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from lotwatch.sources.connector import Problem, Record
from lotwatch.sources.notices import storable

AGENCIES = {"GS1": "GS1", "HIBCC": "HIBCC", "ICCBBA": "ICCBBA"}
_CLASSES = {"1": "I", "2": "II", "3": "III"}
_PACKAGE = re.compile(r"([^\s;|,<]+?)x(\d+)<([^\s;|,]+)")
#: a word of a package's type -> its level; the first that is in it counts
_LEVELS = {
    "pallet": "pallet",
    "case": "case",
    "carton": "case",
    "shipper": "case",
    "crate": "case",
    "托盘": "pallet",
    "箱": "case",
}
_YES, _NO = frozenset({"true", "yes", "y", "1", "是"}), frozenset({"false", "no", "n", "0", "否"})


def of_look_up(answer: Any, asked: str) -> Record:
    """The device record in an answer to a look-up of the identifier `asked`."""
    problems: list[Problem] = []
    device = _object(_object(answer, "gudid"), "device")
    identifiers = _list(_object(device, "identifiers"), "identifier")
    primary = next((each for each in identifiers if each.get("deviceIdType") == "Primary"), {})
    if not primary.get("deviceId"):
        problems.append(Problem("identifiers", "it names no primary identifier"))
    codes = _list({"codes": answer.get("productCodes") if isinstance(answer, dict) else None}, "codes")
    terms = _list(_object(device, "gmdnTerms"), "gmdn")
    flags = {
        column: flag(device.get(name), name, problems)
        for column, name in {
            "label_lot": "lotBatch",
            "label_serial": "serialNumber",
            "label_expiry": "expirationDate",
            "label_manufactured": "manufacturingDate",
        }.items()
    }
    row = {
        "udi_di": text(primary.get("deviceId")),
        "agency": _agency(primary.get("deviceIdIssuingAgency"), problems),
        "brand": text(device.get("brandName")),
        "model": text(device.get("versionModelNumber")),
        "catalogue_number": text(device.get("catalogNumber")),
        "company": text(device.get("companyName")),
        "description": text(device.get("deviceDescription")),
        "device_class": next((_CLASSES[c] for each in codes if (c := str(each.get("deviceClass"))) in _CLASSES), None),
        "nomenclature": _gmdn(terms),
        **flags,
        "packages": list(_packages(identifiers, problems)),
        "published_on": day(device.get("devicePublishDate"), "devicePublishDate", problems),
        "ended_on": day(device.get("deviceCommDistributionEndDate"), "deviceCommDistributionEndDate", problems),
    }
    return Record(
        text(primary.get("deviceId")) or asked,
        storable(answer if isinstance(answer, dict) else {"answer": answer}),
        row,
        tuple(problems),
    )


def of_table(line: Mapping[str, str]) -> Record:
    """The device record in a line of a table drawn from GUDID.

    Columns: primary_di, agency, brand, version_model, catalog, company, description, lot, serial, mfg, exp, status, gmdn
    and pkgs, a list such as `10841470103931x10<00841470103934`: a package, how many it has, of what.
    """
    problems: list[Problem] = []
    packages = [
        {"udi_di": package, "contains": contained, "quantity": int(count), "level": "other", "ended_on": None}
        for package, count, contained in _PACKAGE.findall(line.get("pkgs") or "")
    ]
    udi_di = text(line.get("primary_di"))
    if udi_di is None:
        problems.append(Problem("primary_di", "it names no identifier"))
    row = {
        "udi_di": udi_di,
        "agency": _agency(line.get("agency"), problems),
        "brand": text(line.get("brand")),
        "model": text(line.get("version_model")),
        "catalogue_number": text(line.get("catalog")),
        "company": text(line.get("company")),
        "description": text(line.get("description")),
        "nomenclature": f"GMDN:{term}" if (term := text(line.get("gmdn"))) else None,
        "label_lot": flag(line.get("lot"), "lot", problems),
        "label_serial": flag(line.get("serial"), "serial", problems),
        "label_expiry": flag(line.get("exp"), "exp", problems),
        "label_manufactured": flag(line.get("mfg"), "mfg", problems),
        "packages": packages,
    }
    return Record(udi_di or "without identifier", storable(dict(line)), row, tuple(problems))


def text(value: Any) -> str | None:
    """A text without space around it; None for what is empty or is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return storable(value.strip()) or None if isinstance(value, str) else None


def flag(value: Any, name: str, problems: list[Problem]) -> bool | None:
    """Yes or no as these databases write it; None where it is not said."""
    if value is None or isinstance(value, bool):
        return value
    said = str(value).strip().casefold()
    if said in _YES or said in _NO:
        return said in _YES
    if said:
        problems.append(Problem(name, f'"{said}" is neither yes nor no'))
    return None


def day(value: Any, name: str, problems: list[Problem]) -> date | None:
    """A day, with or without a time after it; None where it is not said."""
    said = text(value)
    if said is None:
        return None
    try:
        return date.fromisoformat(re.split("[ T]", said)[0].replace("/", "-"))
    except ValueError:
        problems.append(Problem(name, f'"{said}" is not a day'))
        return None


def level(kind: str | None) -> str:
    """inner, case, pallet or other, by what a package is called."""
    said = (kind or "").casefold()
    found = next((known for word, known in _LEVELS.items() if word in said), None)
    return found or ("inner" if said else "other")


def _agency(value: Any, problems: list[Problem]) -> str | None:
    said = (text(value) or "").upper()
    if said not in AGENCIES:
        problems.append(Problem("deviceIdIssuingAgency", f'"{said}" is not one of {", ".join(AGENCIES)}'))
        return None
    return AGENCIES[said]


def _packages(identifiers: list[Mapping[str, Any]], problems: list[Problem]) -> Iterator[dict[str, Any]]:
    for each in identifiers:
        if each.get("deviceIdType") != "Package":
            continue
        quantity = str(each.get("pkgQuantity"))
        if not quantity.isdecimal() or int(quantity) < 1:
            problems.append(Problem("pkgQuantity", f"package {each.get('deviceId')} has {quantity} of what is in it"))
            continue
        ended = day(each.get("pkgDiscontinueDate"), "pkgDiscontinueDate", problems)
        yield {
            "udi_di": text(each.get("deviceId")),
            "contains": text(each.get("containsDINumber")),
            "quantity": int(quantity),
            "level": level(text(each.get("pkgType"))),
            "ended_on": ended.isoformat() if ended else None,
        }


def _gmdn(terms: list[Mapping[str, Any]]) -> str | None:
    for term in terms:
        if code := text(term.get("gmdnCode")) or text(term.get("gmdnPTName")):
            return f"GMDN:{code}"
    return None


def _object(value: Any, name: str) -> Mapping[str, Any]:
    inner = value.get(name) if isinstance(value, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}


def _list(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """A list of objects, of which a single one is sometimes written without its list."""
    inner = value.get(name)
    return [each for each in (inner if isinstance(inner, list) else [inner]) if isinstance(each, Mapping)]
