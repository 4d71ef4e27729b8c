"""UBL 2.1 despatch advices as our rows. What cannot be mapped is a problem, never an error."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree

from lotwatch.errors import UdiError
from lotwatch.master import udi
from lotwatch.sources.connector import Problem, Record
from lotwatch.sources.ubl.document import alone, moment, nodes, read_advice, text
from lotwatch.sources.ubl.options import UblOptions

ENTITIES = ("lot", "delivery_line")
#: units that mean pieces (UN/ECE Recommendation 20)
PIECES = {None, "C62", "EA", "H87", "PCE", "NAR", "NIU"}
_GLN, _GTIN = "0088", "0160"
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Instance:
    """Which lot or serial unit a line is of, with its dates."""

    lot: str | None = None
    serial: str | None = None
    manufactured_on: date | None = None
    usable_through: date | None = None


@dataclass(slots=True)
class _Line:
    """A despatch line on its way to rows."""

    node: etree._Element
    key: str
    raw: dict[str, Any]
    gtin: str | None = None
    code: str | None = None
    quantity: Decimal | None = None
    unit: str | None = None
    instances: list[Instance] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def map_advice(content: str, options: UblOptions, *, known_as: str | None = None) -> Iterator[tuple[str, Record]]:
    """(entity, record) of a document. One that cannot be read is a problem of its delivery, `known_as` by who lists it.

    Raises ValueError where it cannot be read and nobody lists it.
    """
    try:
        root = read_advice(content)
    except ValueError as error:
        if known_as is None:
            raise
        raw = {"document": known_as, "text": content[:10_000].replace("\x00", "\ufffd")}
        yield "delivery_line", Record(known_as[:_LONGEST], raw, {}, (Problem("document", str(error)),))
        return
    problems: list[Problem] = []
    delivery = _delivery(root, options, problems)
    header = alone(root, without="DespatchLine")
    shared = _only_package(root)
    for number, node in enumerate(nodes(root, "cac:DespatchLine"), start=1):
        line = _line(node, f"{delivery['delivery_key']}|{text(node, 'cbc:ID') or number}"[: 2 * _LONGEST], header)
        line.problems[:0] = problems
        yield from _rows(line, delivery, _only_package(node) or shared)


def _delivery(root: etree._Element, options: UblOptions, problems: list[Problem]) -> dict[str, Any]:
    """The columns that a delivery's lines share."""
    number = _short(text(root, "cbc:ID"))
    supplier = _party(root, "cac:DespatchSupplierParty") or _party(root, "cac:SellerSupplierParty")
    if number is None:
        problems.append(Problem("cbc:ID", "the despatch advice has no number"))
    shipment = next(nodes(root, "cac:Shipment"), root)
    shipped_at = _at(shipment, "cac:Delivery/cac:Despatch/cbc:ActualDespatch", options, problems)
    planned_at = _at(shipment, "cac:Delivery/cac:Despatch/cbc:EstimatedDespatch", options, problems)
    issued_at = _at(root, "cbc:Issue", options, problems)
    arrived_at = _at(shipment, "cac:Delivery/cbc:ActualDelivery", options, problems)
    expected_at = _at(shipment, "cac:Delivery/cac:EstimatedDeliveryPeriod/cbc:End", options, problems, end=True)
    requested_at = _at(shipment, "cac:Delivery/cac:RequestedDeliveryPeriod/cbc:End", options, problems, end=True)
    is_planned = shipped_at is None and planned_at is not None and issued_at is not None and planned_at > issued_at
    place = _short(
        text(
            root,
            "cac:Shipment/cac:Delivery/cac:DeliveryLocation/cbc:ID",
            "cac:Shipment/cac:Delivery/cac:DeliveryParty/cac:PartyIdentification/cbc:ID",
        )
    ) or _party(root, "cac:DeliveryCustomerParty")
    return {
        "delivery_key": f"{supplier}:{number}" if supplier else number,
        "delivery_number": number,
        "to_location": options.places.get(place, place) if place else None,
        "carrier": _short(
            text(shipment, "cac:Consignment/cac:CarrierParty/cac:PartyName/cbc:Name", "cac:Delivery/cac:CarrierParty/cac:PartyName/cbc:Name")
        ),
        "tracking_number": _short(text(shipment, "cac:Delivery/cbc:TrackingID")),
        "state": "delivered" if arrived_at else "planned" if is_planned else "shipped",
        "shipped_at": None if is_planned else shipped_at or issued_at,
        "expected_at": expected_at or requested_at,
        "delivered_at": arrived_at,
        "order_number": _short(text(root, "cac:OrderReference/cbc:ID")),
    }  # fmt: skip


def _line(node: etree._Element, key: str, header: str) -> _Line:
    line = _Line(node, key, {"advice": header, "line": etree.tostring(node, encoding="unicode", with_tail=False)})
    item = next(nodes(node, "cac:Item"), node)
    line.gtin = _gtin(item)
    line.code = None if line.gtin else _short(
        text(item, "cac:BuyersItemIdentification/cbc:ID", "cac:SellersItemIdentification/cbc:ID")
    )  # fmt: skip
    quantity = next(nodes(node, "cbc:DeliveredQuantity"), None)
    if quantity is not None:
        unit = quantity.get("unitCode")
        line.unit = None if unit in PIECES else unit
        line.quantity = _decimal(quantity.text, line.problems)
    line.instances = [_instance(each, line.problems) for each in nodes(item, "cac:ItemInstance")]
    return line


def _rows(line: _Line, delivery: dict[str, Any], package: str | None) -> Iterator[tuple[str, Record]]:
    if line.quantity == 0:
        return  # it tells what is not coming
    for instance in line.instances:
        if instance.usable_through and (instance.lot or instance.serial) and (line.gtin or line.code):
            yield "lot", _lot(line, instance)
    number = _whole(text(line.node, "cac:OrderLineReference/cbc:LineID"))
    base = {
        **delivery,
        "order_number": _short(text(line.node, "cac:OrderLineReference/cac:OrderReference/cbc:ID"))
        or delivery["order_number"],
        "order_line_number": number,
        "item_code": line.code,
        "udi_di": line.gtin,
        "unit": line.unit,
        "sscc": package,
    }
    for key, instance, quantity in _shares(line):
        row = {**base, "lot_number": instance.lot, "serial_number": instance.serial, "quantity": quantity}
        yield "delivery_line", Record(key, line.raw, row, tuple(line.problems))


def _shares(line: _Line) -> Iterator[tuple[str, Instance, Decimal | None]]:
    """(key, instance, quantity) of each part of a line: a line of serial units is as many parts."""
    told = line.instances
    if len(told) <= 1:
        yield line.key, told[0] if told else Instance(), line.quantity
        return
    lots = {each.lot for each in told}
    if all(each.serial for each in told) and line.quantity == len(told):
        for each in told:
            yield f"{line.key}|{each.serial}", each, Decimal(1)
    elif len(lots) == 1 and not any(each.serial for each in told):
        yield line.key, told[0], line.quantity
    else:
        reason = (
            f"{len(told)} lots or serial numbers share a quantity of {line.quantity}: it is not said how much of each"
        )
        line.problems.append(Problem("cac:ItemInstance", reason))
        yield line.key, Instance(), line.quantity


def _lot(line: _Line, instance: Instance) -> Record:
    row = {
        "item_code": line.code,
        "udi_di": line.gtin,
        "lot_number": instance.lot,
        "serial_number": instance.serial,
        "manufactured_on": instance.manufactured_on,
        "usable_through": instance.usable_through,
    }
    key = "|".join(filter(None, ("lot", line.gtin or line.code, instance.lot, instance.serial)))
    return Record(key, line.raw, row)


def _instance(node: etree._Element, problems: list[Problem]) -> Instance:
    """What a line says of a lot or unit; where it says it only as a UDI, that is read."""
    expires = text(node, "cac:LotIdentification/cbc:ExpiryDate", "cbc:BestBeforeDate")
    made = text(node, "cbc:ManufactureDate")
    lot, serial = _short(text(node, "cac:LotIdentification/cbc:LotNumberID")), _short(text(node, "cbc:SerialID"))
    through, made_on = _day(expires, problems), _day(made, problems)
    if lot is None and serial is None and (label := text(node, "cbc:ProductTraceID")):
        try:
            read = udi.parse(label, made_on or through or date(2000, 1, 1))
        except UdiError as error:
            problems.append(Problem("cbc:ProductTraceID", f'"{label[:80]}": {error.what}'))
        else:
            lot, serial = read.lot_number, read.serial_number
            through, made_on = through or read.usable_through, made_on or read.manufactured_on
    return Instance(lot, serial, made_on, through)


def _gtin(item: etree._Element) -> str | None:
    for node in nodes(item, "cac:StandardItemIdentification/cbc:ID"):
        code = (node.text or "").strip()
        if (
            code.isascii()
            and code.isdigit()
            and len(code) in {8, 12, 13, 14}
            and node.get("schemeID", _GTIN) in {_GTIN, "GTIN"}
        ):
            return code.zfill(14)
    return None


def _only_package(node: etree._Element) -> str | None:
    """The code of the one package named there; of several nobody knows which holds what."""
    codes = {(each.text or "").strip() for each in nodes(node, "cac:Shipment/cac:TransportHandlingUnit/cbc:ID")} - {""}
    if len(codes) != 1:
        return None
    code = codes.pop().replace("(00)", "")
    return code[2:] if len(code) == 20 and code.isdigit() and code.startswith("00") else code[:_LONGEST]


def _party(root: etree._Element, path: str) -> str | None:
    """A party's GLN, else its first identifier."""
    found = [
        *nodes(root, f"{path}/cac:Party/cac:PartyIdentification/cbc:ID"),
        *nodes(root, f"{path}/cac:Party/cbc:EndpointID"),
    ]
    named = [(each.get("schemeID"), (each.text or "").strip()) for each in found if each.text and each.text.strip()]
    gln = next((code for scheme, code in named if scheme == _GLN), None)
    return _short(gln or (named[0][1] if named else None))


def _at(
    node: etree._Element, path: str, options: UblOptions, problems: list[Problem], *, end: bool = False
) -> datetime | None:
    """The moment of `<path>Date` and `<path>Time`."""
    day, at = text(node, f"{path}Date"), text(node, f"{path}Time")
    try:
        return moment(day, at, options.zone, end_of_day=end)
    except (ValueError, KeyError, OverflowError):
        problems.append(Problem(f"{path.rpartition('/')[2]}Date", f'"{day}" and "{at}" are no moment'))
        return None


def _day(value: str | None, problems: list[Problem]) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        problems.append(Problem("date", f'"{value[:80]}" is no day'))
        return None


def _decimal(value: str | None, problems: list[Problem]) -> Decimal | None:
    try:
        read = Decimal((value or "").strip())
    except InvalidOperation:
        read = Decimal("NaN")
    if not read.is_finite() or abs(read.adjusted()) > 30:
        problems.append(Problem("cbc:DeliveredQuantity", f'"{(value or "")[:80]}" is no quantity'))
        return None
    return read


def _whole(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 9 else None


def _short(value: str | None) -> str | None:
    return value[:_LONGEST] if value else None
