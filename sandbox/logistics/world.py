"""What the trial company's suppliers have on its way: despatch advices, and events of the carrier and its loggers.

Places, suppliers and devices are those of `sandbox.tryton.catalogue`, made with the same random numbers. Nothing of it
has arrived yet: what arrives is for the trial's ERP to receive.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from xml.sax.saxutils import escape

from sandbox.logistics.store import Store, StoredAdvice, StoredEvent
from sandbox.tryton import catalogue
from sandbox.tryton.company import RANDOM_SEED
from sandbox.tryton.world import Device, Supplier, World

DELIVERIES = 30
LATE, DAMAGED, MISTAKEN = {3, 11, 19, 27}, 5, 8  # which of them
UNDER_WAY_DAYS = 4
READ_EVERY = timedelta(minutes=30)
_COMPANY, _CARRIER = "4053210", "4053219"  # company prefixes: the same that the catalogue's identifiers begin with


def gln(prefix: str, number: int) -> str:
    """A GLN of a company prefix of seven digits."""
    body = f"{prefix}{number:05}"
    return body + catalogue.check_digit(body)


SITE_GLNS = {site.code: gln(_COMPANY, number) for number, site in enumerate(catalogue.SITES, start=1)}


@dataclass(frozen=True, slots=True)
class Load:
    """Some of one lot in a package."""

    device: Device
    lot: str
    expires_on: date
    quantity: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery of one package."""

    number: str
    supplier: Supplier
    site: str
    sscc: str
    shipped_at: datetime
    expected_on: date
    loads: list[Load]

    @property
    def advice(self) -> str:
        """The despatch advice as events name it."""
        return f"urn:epcglobal:cbv:bt:{supplier_gln(self.supplier)}:{self.number}"

    @property
    def is_cold(self) -> bool:
        return any(load.device.storage_c and load.device.storage_c[1] <= 8 for load in self.loads)


def supplier_gln(supplier: Supplier) -> str:
    """A supplier's GLN."""
    return gln(_CARRIER, int(supplier.code.rpartition("-")[2]))


def fill(store: Store, now: datetime, data: Path | None) -> None:
    """Fill an empty store with what is under way at `now`."""
    deliveries = list(make_deliveries(now, data))
    events = [
        StoredEvent(recorded_at=at, event=event) for each in enumerate(deliveries) for at, event in tell(*each, now)
    ]
    advices = [
        StoredAdvice(
            id=f"{supplier_gln(each.supplier)}-{each.number}",
            changed_at=each.shipped_at + timedelta(minutes=10),
            content=despatch_advice(each),
        )
        for each in deliveries
    ]
    store.restore(events, advices)


def make_deliveries(now: datetime, data: Path | None) -> Iterator[Delivery]:
    """Deliveries to the two distribution centres, of devices that their supplier sells."""
    world, random = World(now.date()), Random(RANDOM_SEED)
    catalogue.fill(world, random, data)
    sold: dict[str, list[Device]] = {}
    for agreement in world.agreements:
        device = world.devices[agreement.device]
        if device.label and device.label.lot and not device.serialised:
            sold.setdefault(agreement.supplier, []).append(device)
    sellers = [supplier for supplier in world.suppliers if supplier.code in sold]
    for number in range(DELIVERIES):
        supplier = sellers[number % len(sellers)]
        days_ago = UNDER_WAY_DAYS + 5 if number in LATE else random.randint(1, UNDER_WAY_DAYS - 1)
        shipped_at = (now - timedelta(days=days_ago, hours=random.randint(0, 8))).replace(microsecond=0)
        devices = random.sample(sold[supplier.code], min(3, len(sold[supplier.code])))
        body = f"0{_CARRIER}{number + 1:09}"
        yield Delivery(
            number=f"DA-{10_000 + number}",
            supplier=supplier,
            site="DC-N" if number % 2 == 0 else "DC-S",
            sscc=body + catalogue.check_digit(body),
            shipped_at=shipped_at,
            expected_on=shipped_at.date() + timedelta(days=UNDER_WAY_DAYS),
            loads=[
                Load(
                    device=device,
                    lot=f"LG{number:02}{place}{random.randint(100, 999)}",
                    expires_on=now.date() + timedelta(days=device.shelf_days or 700),
                    quantity=device.order_multiple * random.randint(1, 3),
                )
                for place, device in enumerate(devices)
            ],
        )


def tell(number: int, delivery: Delivery, now: datetime) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """(when it was recorded, event): packed, shipped, passed a hub, measured; one damaged, one told wrongly at first."""
    told = _Teller(delivery)
    yield told.packed()
    if number == MISTAKEN:
        at, wrong = told.shipped(to="DC-S" if delivery.site == "DC-N" else "DC-N", name="shipped-wrongly")
        yield at, wrong
        declared_at = at + timedelta(hours=2)
        declaration = {
            "declarationTime": declared_at.isoformat(),
            "reason": "incorrect_data",
            "correctiveEventIDs": [told.identity("shipped")],
        }
        yield declared_at, {**wrong, "errorDeclaration": declaration}
    yield told.shipped(to=delivery.site)
    if number not in LATE:  # of what is late nothing is heard any more
        yield told.at_hub()
    if number == DAMAGED:
        yield told.damaged()
    if delivery.is_cold:
        yield from told.temperatures(now)


class _Teller:
    """Events about one delivery."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._package = f"urn:epc:id:sscc:{delivery.sscc[1:8]}.{delivery.sscc[0]}{delivery.sscc[8:17]}"

    def identity(self, name: str) -> str:
        return f"https://id.carrier.example/event/{self._delivery.number}/{name}"

    def packed(self) -> tuple[datetime, dict[str, Any]]:
        content = [
            {
                "epcClass": f"urn:epc:class:lgtin:{gtin[1:8]}.{gtin[0]}{gtin[8:13]}.{load.lot}",
                "quantity": load.quantity,
            }
            for load in self._delivery.loads
            for gtin in [load.device.udi_di]
        ]
        return self._event(
            "packed",
            -3,
            type="AggregationEvent",
            action="ADD",
            bizStep="packing",
            parentID=self._package,
            childQuantityList=content,
            readPoint={"id": _sgln(supplier_gln(self._delivery.supplier))},
        )

    def shipped(self, to: str, name: str = "shipped") -> tuple[datetime, dict[str, Any]]:
        return self._observed(
            name,
            0,
            bizStep="shipping",
            disposition="in_transit",
            readPoint={"id": _sgln(supplier_gln(self._delivery.supplier))},
            destinationList=[{"type": "location", "destination": _sgln(SITE_GLNS[to])}],
        )

    def at_hub(self) -> tuple[datetime, dict[str, Any]]:
        return self._observed(
            "hub",
            11,
            bizStep="arriving",
            disposition="in_transit",
            readPoint={"id": _sgln(gln(_CARRIER, 99_001))},
        )

    def damaged(self) -> tuple[datetime, dict[str, Any]]:
        return self._observed("damaged", 12, bizStep="inspecting", disposition="damaged")

    def temperatures(self, now: datetime) -> Iterator[tuple[datetime, dict[str, Any]]]:
        """A logger in the package: three hours too warm in the middle of the first night."""
        start = self._delivery.shipped_at
        for number in range(int(min(now - start, timedelta(days=2)) / READ_EVERY)):
            at = start + number * READ_EVERY
            celsius = Decimal("11.6") if 16 <= number < 22 else Decimal("4.8") + Decimal(number % 5) / 10
            report = {"type": "Temperature", "value": float(celsius), "uom": "CEL", "time": at.isoformat()}
            report["deviceID"] = f"https://id.carrier.example/logger/{self._delivery.sscc}"
            hours = number * READ_EVERY / timedelta(hours=1)
            yield self._observed(f"logged-{number}", hours, sensorElementList=[{"sensorReport": [report]}])

    def _observed(self, name: str, hours: float, **content: Any) -> tuple[datetime, dict[str, Any]]:
        document = [{"type": "desadv", "bizTransaction": self._delivery.advice}]
        observed: dict[str, Any] = {"type": "ObjectEvent", "action": "OBSERVE", "epcList": [self._package]}
        return self._event(name, hours, **observed, bizTransactionList=document, **content)

    def _event(self, name: str, hours: float, **content: Any) -> tuple[datetime, dict[str, Any]]:
        at = self._delivery.shipped_at + timedelta(hours=hours)
        event = {
            "eventID": self.identity(name),
            **content,
            "eventTime": at.isoformat(),
            "eventTimeZoneOffset": "+00:00",
        }
        return at + timedelta(minutes=5), event


def _sgln(code: str) -> str:
    return f"urn:epc:id:sgln:{code[:7]}.{code[7:12]}.0"


def despatch_advice(delivery: Delivery) -> str:
    """The delivery as UBL 2.1."""
    lines = "".join(_line(number, load, delivery.sscc) for number, load in enumerate(delivery.loads, start=1))
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<DespatchAdvice xmlns="urn:oasis:names:specification:ubl:schema:xsd:DespatchAdvice-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
 <cbc:ID>{delivery.number}</cbc:ID>
 <cbc:IssueDate>{delivery.shipped_at:%Y-%m-%d}</cbc:IssueDate>
 <cbc:IssueTime>{delivery.shipped_at:%H:%M:%S}Z</cbc:IssueTime>
 <cac:DespatchSupplierParty>{_party(supplier_gln(delivery.supplier), delivery.supplier.name)}</cac:DespatchSupplierParty>
 <cac:DeliveryCustomerParty>{_party(SITE_GLNS[delivery.site], delivery.site)}</cac:DeliveryCustomerParty>
 <cac:Shipment>
  <cbc:ID>1</cbc:ID>
  <cac:Consignment><cbc:ID>1</cbc:ID>
   <cac:CarrierParty><cac:PartyName><cbc:Name>Northway Medical Freight</cbc:Name></cac:PartyName></cac:CarrierParty>
  </cac:Consignment>
  <cac:Delivery>
   <cbc:TrackingID>NMF{delivery.number[3:]}</cbc:TrackingID>
   <cac:EstimatedDeliveryPeriod><cbc:EndDate>{delivery.expected_on}</cbc:EndDate></cac:EstimatedDeliveryPeriod>
   <cac:Despatch>
    <cbc:ActualDespatchDate>{delivery.shipped_at:%Y-%m-%d}</cbc:ActualDespatchDate>
    <cbc:ActualDespatchTime>{delivery.shipped_at:%H:%M:%S}Z</cbc:ActualDespatchTime>
   </cac:Despatch>
  </cac:Delivery>
 </cac:Shipment>{lines}
</DespatchAdvice>
"""


def _party(code: str, name: str) -> str:
    identity = f'<cac:PartyIdentification><cbc:ID schemeID="0088">{code}</cbc:ID></cac:PartyIdentification>'
    return f"<cac:Party>{identity}<cac:PartyName><cbc:Name>{escape(name)}</cbc:Name></cac:PartyName></cac:Party>"


def _line(number: int, load: Load, sscc: str) -> str:
    return f"""
 <cac:DespatchLine>
  <cbc:ID>{number}</cbc:ID>
  <cbc:DeliveredQuantity unitCode="C62">{load.quantity}</cbc:DeliveredQuantity>
  <cac:OrderLineReference><cbc:LineID>{number}</cbc:LineID></cac:OrderLineReference>
  <cac:Item>
   <cbc:Name>{escape(load.device.name)}</cbc:Name>
   <cac:StandardItemIdentification><cbc:ID schemeID="0160">{load.device.udi_di}</cbc:ID></cac:StandardItemIdentification>
   <cac:ItemInstance>
    <cac:LotIdentification>
     <cbc:LotNumberID>{load.lot}</cbc:LotNumberID><cbc:ExpiryDate>{load.expires_on}</cbc:ExpiryDate>
    </cac:LotIdentification>
   </cac:ItemInstance>
  </cac:Item>
  <cac:Shipment><cbc:ID>1</cbc:ID><cac:TransportHandlingUnit><cbc:ID>{sscc}</cbc:ID></cac:TransportHandlingUnit></cac:Shipment>
 </cac:DespatchLine>"""
