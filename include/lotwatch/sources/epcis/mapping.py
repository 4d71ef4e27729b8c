"""Events as our rows: pure functions, one for each entity. What cannot be mapped is a problem, never an error."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from lotwatch.sources.connector import Problem, Record
from lotwatch.sources.epcis.events import Event, Transaction, kept, number, read_moment, standard
from lotwatch.sources.epcis.identify import Named, identify, place_code
from lotwatch.sources.epcis.options import EpcisOptions

#: units that mean pieces (UN/ECE Recommendation 20): the item's own base unit, or the package that the GTIN is of
PIECES = {None, "EA", "C62", "H87", "PCE", "NAR", "NIU"}
SHIPS = {"shipping", "departing"}
#: the lists in which an event names things, and what they are to it
_LISTS = {
    "epcList": "epc",
    "quantityList": "epc",
    "childEPCs": "child",
    "childQuantityList": "child",
    "inputEPCList": "in",
    "inputQuantityList": "in",
    "outputEPCList": "out",
    "outputQuantityList": "out",
}
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Line:
    """A thing that an event names: `role` is epc, parent, child, in or out; `key` identifies it within the source."""

    key: str
    role: str
    said: Any
    named: Named
    quantity: Decimal | None
    unit: str | None
    problems: tuple[Problem, ...]

    @property
    def item(self) -> dict[str, Any]:
        """The columns by which every entity names an item and how much of it."""
        return {
            "udi_di": self.named.gtin,
            "lot_number": self.named.lot,
            "serial_number": self.named.serial,
            "quantity": self.quantity,
            "unit": self.unit,
        }


def lines(event: Event) -> list[Line]:
    """Everything that an event names, in its order. A thing named twice in one event is there twice, with two keys."""
    if event.named is None:
        event.named = _lines(event)
    return event.named


def _lines(event: Event) -> list[Line]:
    seen: Counter[str] = Counter()
    as_of = (event.occurred_at or _EPOCH).date()
    found = [_line(event, "parentID", "parent", event.raw["parentID"], as_of, seen)] if "parentID" in event.raw else []
    for name, role in _LISTS.items():
        listed = event.raw.get(name)
        if listed is None:
            continue
        for said in listed if isinstance(listed, list) else [listed]:
            found.append(_line(event, name, role, said, as_of, seen))
    return found


def _line(event: Event, name: str, role: str, said: Any, as_of: date, seen: Counter[str]) -> Line:
    problems: list[Problem] = []
    counted = name.endswith("uantityList")
    identity = said.get("epcClass") if counted and isinstance(said, dict) else said
    try:
        named = identify(identity, as_of)
    except ValueError as error:
        named = Named()
        # a parent that is no package (a tray, a trolley) holds things all the same
        problems.append(Problem(name, str(error)))
    quantity, unit = (Decimal(1), None) if not counted else _counted(said, name, problems)
    text = f"{role}|{str(identity)[:200]}"
    seen[text] += 1
    key = f"{event.key}|{text}" + (f"|{seen[text]}" if seen[text] > 1 else "")
    return Line(key, role, said, _with_master_data(event, role, named), quantity, unit, tuple(problems))


def _counted(said: Any, name: str, problems: list[Problem]) -> tuple[Decimal | None, str | None]:
    """Quantity and unit of an element of a quantity list; without a quantity it says that there is some."""
    if not isinstance(said, dict):
        return None, None
    unit = said.get("uom")
    if unit is not None and not isinstance(unit, str):
        problems.append(Problem(name, "uom is no unit"))
        unit = None
    value = number(said.get("quantity"))
    if value is None and said.get("quantity") is not None:
        problems.append(Problem(name, f'"{str(said["quantity"])[:80]}" is no quantity'))
    return value, None if unit in PIECES else unit


def _with_master_data(event: Event, role: str, named: Named) -> Named:
    """What was made gets its lot and last day of use from the event's instance data (ilmd)."""
    if named.gtin is None or role not in {"epc", "out"}:
        return named
    lot, through = _instance(event, "lotNumber"), _instance(event, "itemExpirationDate")
    try:
        last_day = named.usable_through or (date.fromisoformat(through[:10]) if through else None)
    except ValueError:
        last_day = None
    return Named(named.gtin, named.lot or lot, named.serial, last_day)


def _instance(event: Event, name: str) -> str | None:
    ilmd = event.raw.get("ilmd")
    if not isinstance(ilmd, dict):
        return None
    value = next((part for key, part in ilmd.items() if key.rpartition(":")[2] == name), None)
    return value if isinstance(value, str) and value else None


def map_lots(event: Event, options: EpcisOptions) -> Iterator[Record]:
    """Lots whose last day of use is told; without it, who makes or receives them knows more of them than we."""
    if "ilmd" not in event.raw and not _has_labels(event):
        return
    for line in lines(event):
        named = line.named
        if named.usable_through and (named.lot or named.serial) and not line.problems and not event.error:
            row: dict[str, Any] = {
                "udi_di": named.gtin,
                "lot_number": named.lot,
                "serial_number": named.serial,
                "usable_through": named.usable_through,
            }
            key = "|".join(filter(None, ("lot", named.gtin, named.lot, named.serial)))
            yield Record(key, _raw(event, line), row)


def _has_labels(event: Event) -> bool:
    """Whether something is named by a form of identifier that may tell its last day of use: all but EPC's URNs."""
    listed = (each for name in _LISTS if isinstance(found := event.raw.get(name), list) for each in found)
    identities = (each.get("epcClass") if isinstance(each, dict) else each for each in listed)
    return any(isinstance(each, str) and not each.startswith("urn:") for each in identities)


def map_movements(event: Event, options: EpcisOptions) -> Iterator[Record]:
    """What certainly moves stock that this source books: item and both ends are told. A declared error takes it back."""
    if not options.moves_stock_at:
        return
    for line in lines(event):
        ends = _ends(event, line.role, options)
        if ends is None or line.named.sscc:
            continue
        if event.error is not None:
            reversal = {"kind": "reversal", "reverses_key": line.key, "reason": _error_reason(event)}
            yield Record(_of_error(line.key), _raw(event, line), reversal)
            continue
        origin, destination = ends
        purchase = event.transaction("po")
        row = {
            **line.item,
            "from_location": origin,
            "to_location": destination,
            "occurred_at": event.occurred_at,
            "document": _number(event.transaction("desadv")) or _number(purchase),
            "transformation_key": _transformation(event) if event.type == "TransformationEvent" else None,
        }
        yield Record(line.key, _raw(event, line), row, line.problems)


def _ends(event: Event, role: str, options: EpcisOptions) -> tuple[str, str] | None:
    """Where a thing went from and to; None where the event does not move it, or not where this source books."""
    here = _here(event, options)
    origin: str | None
    destination: str | None
    if event.type == "TransformationEvent":
        through = options.transformation_location
        origin, destination = (here, through) if role == "in" else (through, here)
    elif event.action == "DELETE" or role in {"parent", "child"}:
        return None
    elif event.step in SHIPS and options.transit_location:
        origin, destination = _place(event, "source", options) or here, options.transit_location
    elif event.step == "receiving":
        origin = options.transit_location or _place(event, "source", options)
        destination = here or _place(event, "destination", options)
    else:
        return None
    if not options.books(origin) or not options.books(destination) or origin == destination:
        return None
    return str(origin), str(destination)


def _transformation(event: Event) -> str:
    """Events that name the same transformation are parts of one."""
    named = event.raw.get("transformationID")
    return named if isinstance(named, str) and named else event.key


def map_delivery_lines(event: Event, options: EpcisOptions) -> Iterator[Record]:
    """What was shipped to a place that is named, unless a despatch advice tells it."""
    if event.step not in SHIPS:
        return
    destination, advice = _place(event, "destination", options), event.transaction("desadv")
    if destination is None or not _announces(event, options):
        return
    origin = _place(event, "source", options) or _here(event, options)
    delivery = {
        "delivery_key": _delivery_key(event),
        "delivery_number": _number(advice),
        "from_site": origin if origin in options.sites else None,
        "to_location": destination,
        "state": "shipped" if event.error is None else "cancelled",
        "shipped_at": event.occurred_at,
        "cancelled_at": _declared_at(event),
        "order_number": _number(event.transaction("po")),
    }
    named = lines(event)
    package = next((line.named.sscc for line in named if line.named.sscc), None)
    for line in named:
        if not line.named.sscc:
            yield Record(line.key, _raw(event, line), {**delivery, **line.item, "sscc": package}, line.problems)


def _announces(event: Event, options: EpcisOptions) -> bool:
    """Whether a shipping event is a delivery that no other document tells."""
    if event.step not in SHIPS or event.action == "DELETE" or options.announces == "none":
        return False
    return options.announces == "all" or event.transaction("desadv") is None


def map_package_events(event: Event, options: EpcisOptions) -> Iterator[Record]:
    """What was put into a package or taken out of it."""
    if event.type not in {"AggregationEvent", "AssociationEvent"}:
        return
    named = lines(event)
    parent = next((line for line in named if line.role == "parent"), None)
    if parent is None or parent.named.sscc is None:
        return  # not in a package that has a code: the event is still followed
    children = [line for line in named if line.role == "child"]
    base = {
        "sscc": parent.named.sscc,
        "action": str(event.action).lower(),
        "occurred_at": event.occurred_at,
        "takes_back": None,
    }
    if not children:  # all that is in it
        yield _declared(event, parent, base, ())
    for line in children:
        yield _declared(event, line, {**base, **line.item, "child_sscc": line.named.sscc}, line.problems)


def map_tracking_events(event: Event, options: EpcisOptions) -> Iterator[Record]:
    """What happened to each package, delivery or thing: where, when, and what it is said to be in."""
    advice, purchase = event.transaction("desadv"), event.transaction("po")
    base: dict[str, Any] = {
        "event_key": event.key,
        "event_type": event.type,
        "action": event.action and event.action.lower(),
        "biz_step": event.step,
        "disposition": event.disposition,
        "occurred_at": event.occurred_at,
        "recorded_at": event.recorded_at,
        "location_code": _here(event, options),
        "read_point": _identity(event.raw.get("readPoint")),
        "to_location": _place(event, "destination", options),
        "delivery_key": _delivery_key(event) if advice or event.step in SHIPS else None,
        "delivery_number": _number(advice),
        "order_number": _number(purchase),
        "transactions": [
            {"type": each.type, "number": each.number, "party": each.party} for each in event.transactions
        ],
        "error_reason": _error_reason(event) if event.error is not None else None,
        "error_declared_at": _declared_at(event),
        "corrected_by": _corrected_by(event),
        "takes_back": None,
    }
    named = lines(event)
    subjects = [line for line in named if line.role != "child"] or named
    base["announces"] = _announces(event, options) and all(line.named.sscc for line in subjects)
    if not subjects:
        whole = Line(event.key, "event", None, Named(), None, None, ())
        yield _declared(event, whole, base, ())
    # one of them, always the same, bears the event's own key: it closes the case of the event that could not be read
    for place, line in enumerate(sorted(subjects, key=lambda each: each.key)):
        columns = line.item if line.named.sscc is None else {"sscc": line.named.sscc}
        # a parent that is no package is a subject all the same: a tray, a transaction
        problems = () if line.role == "parent" else line.problems
        keyed = line if place else replace(line, key=event.key)
        yield _declared(event, keyed, {**base, **columns}, problems)


def map_temperatures(event: Event, options: EpcisOptions) -> Iterator[Record]:
    """Temperatures of the packages that the event names, else of its place, else of its delivery."""
    elements = event.raw.get("sensorElementList")
    if not isinstance(elements, list):
        return
    packages = sorted({line.named.sscc for line in lines(event) if line.named.sscc and line.role != "child"})
    place, advice = _here(event, options), event.transaction("desadv")
    subjects: list[dict[str, Any]] = [{"sscc": sscc} for sscc in packages]
    if not subjects and place:
        subjects = [{"location_code": place}]
    if not subjects:
        subjects = [{"delivery_key": advice.key if advice else None}]
    for number_of, element in enumerate(elements):
        for name, reading, problems in _readings(element, event):
            for subject in subjects:
                key = f"{event.key}|t{number_of}|{name}|{'|'.join(str(each) for each in subject.values())}"
                line = Line(key, "sensor", element, Named(), None, None, ())
                row = {**subject, **reading, "takes_back": None}
                yield _declared(event, line, row, problems)


def _readings(element: Any, event: Event) -> Iterator[tuple[str, dict[str, Any], tuple[Problem, ...]]]:
    """(name within the element, columns, problems) of each temperature; a report of extremes has two."""
    if not isinstance(element, dict):
        return
    metadata = element.get("sensorMetadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    reports = element.get("sensorReport")
    for number_of, report in enumerate(reports if isinstance(reports, list) else []):
        if not isinstance(report, dict) or _measured(report) != "Temperature":
            continue
        stated = next((at for at in (report.get("time"), metadata.get("time"), metadata.get("endTime")) if at), None)
        moment = read_moment(stated) if stated is not None else event.occurred_at
        sensor = next((s for s in (report.get("deviceID"), metadata.get("deviceID")) if isinstance(s, str)), None)
        told = [name for name in ("value", "minValue", "maxValue") if name in report] or ["value"]
        for name in told:
            problems = [] if moment else [Problem("sensorElementList.time", f'"{stated}" is no moment with a zone')]
            celsius = _celsius(report.get(name), report.get("uom"), problems)
            row = {"celsius": celsius, "measured_at": moment, "sensor": sensor}
            yield f"{number_of}{name}", row, tuple(problems)


def _measured(report: Mapping[str, Any]) -> str | None:
    kind = report.get("type")
    return (
        kind.rpartition("/")[2].rpartition(":")[2].removeprefix("MeasurementType-") if isinstance(kind, str) else None
    )


def _celsius(value: object, unit: object, problems: list[Problem]) -> Decimal | None:
    """Degrees Celsius: exact, but for Fahrenheit, of which a thousandth is kept."""
    read = number(value)
    if read is None:
        problems.append(Problem("sensorReport.value", f'"{str(value)[:80]}" is no temperature'))
        return None
    match unit:
        case "CEL":
            return read
        case "KEL":
            return read - Decimal("273.15")
        case "FAH":
            return ((read - 32) * 5 / 9).quantize(Decimal("0.001"))
    problems.append(Problem("sensorReport.uom", f'"{str(unit)[:80]}" is not one of CEL, KEL, FAH'))
    return None


def _declared(event: Event, line: Line, row: Mapping[str, Any], problems: tuple[Problem, ...]) -> Record:
    """A row of what only grows; of a declared error, one that takes back the row of the same line."""
    if event.error is None:
        return Record(line.key, _raw(event, line), row, problems)
    taking_back = {**row, "takes_back": line.key}
    return Record(_of_error(line.key), _raw(event, line), taking_back, problems)


def _of_error(key: str) -> str:
    return f"{key}|error"


def _error_reason(event: Event) -> str:
    return standard((event.error or {}).get("reason")) or "declared an error"


def _declared_at(event: Event) -> datetime | None:
    if event.error is None:
        return None
    return read_moment(event.error.get("declarationTime")) or event.recorded_at or event.occurred_at


def _corrected_by(event: Event) -> list[str] | None:
    named = (event.error or {}).get("correctiveEventIDs")
    return [each for each in named if isinstance(each, str)] if isinstance(named, list) else None


def _delivery_key(event: Event) -> str:
    advice = event.transaction("desadv")
    return advice.key if advice else event.key


def _number(transaction: Transaction | None) -> str | None:
    return transaction.number if transaction else None


def _identity(value: object) -> str | None:
    held = value.get("id") if isinstance(value, dict) else value
    return place_code(held)


def _here(event: Event, options: EpcisOptions) -> str | None:
    """Where it is after the event: its business location, else where it was read."""
    return options.code_of(_identity(event.raw.get("bizLocation")) or _identity(event.raw.get("readPoint")))


def _place(event: Event, end: str, options: EpcisOptions) -> str | None:
    """The place at an end (source or destination): as a location, else by the party that has it then."""
    listed = event.raw.get(f"{end}List")
    named = {
        standard(each.get("type")): place_code(each.get(end))
        for each in (listed if isinstance(listed, list) else [])
        if isinstance(each, dict)
    }
    return options.code_of(named.get("location") or named.get("possessing_party") or named.get("owning_party"))


def _raw(event: Event, line: Line) -> dict[str, Any]:
    """The event without what it says of other things: an event of five hundred units is not kept five hundred times."""
    alone = {name: value for name, value in event.raw.items() if name not in _LISTS}
    return dict(kept({**alone, "line": line.said}))


#: in the order in which the records depend on one another
MAPPERS: dict[str, Callable[[Event, EpcisOptions], Iterator[Record]]] = {
    "lot": map_lots,
    "movement": map_movements,
    "delivery_line": map_delivery_lines,
    "package_event": map_package_events,
    "tracking_event": map_tracking_events,
    "temperature_reading": map_temperatures,
}


def map_event(event: Event, entity: str, options: EpcisOptions, *, told_in: str) -> Iterator[Record]:
    """The records of one entity in an event. One that cannot be used at all is a problem of the entity `told_in`."""
    if not event.problems:
        yield from MAPPERS[entity](event, options)
    elif entity == told_in:
        yield Record(event.key, dict(kept(event.raw)), {}, event.problems)
