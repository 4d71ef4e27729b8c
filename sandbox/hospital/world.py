"""What is in the hospital's FHIR server: a hospital that the trial company supplies, and that its ERP does not book.

Deterministic given a day and (optionally) the folder of real data; in R5, as (resource, when it was so). Its devices are
the trial company's. Its stock comes with deliveries, so that what is used was there.
"""

from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sandbox.tryton import catalogue
from sandbox.tryton.company import RANDOM_SEED
from sandbox.tryton.world import Device, World

Content = dict[str, Any]
Seed = tuple[Content, datetime]

WEEKS = 8
ROOT = "HOSPITAL"
#: (id, name, physical type, part of)
PLACES = (
    (ROOT, "Saltmarsh Community Hospital", "si", None),
    ("STORE", "Central store", "area", ROOT),
    ("OR", "Operating theatres", "wi", ROOT),
    ("OR-CAB", "Operating theatres, implant cabinet", "ca", "OR"),
    ("CATH", "Catheter laboratory", "ro", ROOT),
    ("ICU", "Intensive care", "wa", ROOT),
    ("WARD", "Wards", "lvl", ROOT),
)
#: numbers of the trial company's devices, and where each is used
USED = {
    1: "WARD", 9: "WARD", 21: "WARD", 27: "ICU", 33: "ICU", 41: "ICU", 58: "OR", 66: "OR", 81: "CATH", 97: "CATH",
    146: "OR", 162: "CATH", 163: "CATH", 170: "OR",
}  # fmt: skip
UNKNOWN_MODIFIER = "https://saltmarsh.example/fhir/StructureDefinition/refuted"


def hospital(today: date, data: Path | None = None) -> list[Seed]:
    """Everything there, the oldest first."""
    world, random = World(today), Random(RANDOM_SEED)
    catalogue.fill(world, random, data)
    devices = list(world.devices.values())
    used = [(devices[number - 1], place) for number, place in USED.items()]
    made = _Hospital(today, used, Random(RANDOM_SEED))
    return sorted(made.seeds(), key=lambda seed: seed[1])


class _Hospital:
    """The hospital while it is being made."""

    def __init__(self, today: date, used: list[tuple[Device, str]], random: Random) -> None:
        self._today, self._random = today, random
        self._used = used
        self._number: Counter[str] = Counter()
        self._begins = datetime.combine(today - timedelta(weeks=WEEKS, days=7), time(6), UTC)

    def seeds(self) -> Iterator[Seed]:
        """The resources, each with the moment from which on it was so."""
        yield from self._house()
        for device, place in self._used:
            yield from self._supplied_and_used(device, place)
        yield from self._moved_within()
        yield from self._planned()
        yield from self._in_error()
        yield from self._bad()

    def _id(self, kind: str) -> str:
        self._number[kind] += 1
        return f"{kind}-{self._number[kind]}"

    def _house(self) -> Iterator[Seed]:
        trust: Content = {
            "resourceType": "Organization", "id": "TRUST", "active": True, "name": "Saltmarsh Health Trust",
            "type": [{"coding": [_coding("http://terminology.hl7.org/CodeSystem/organization-type", "prov")]}],
        }  # fmt: skip
        yield trust, self._begins
        yield (
            {"resourceType": "Organization", "id": "SURGERY", "name": "Surgery", "partOf": _to("Organization/TRUST")},
            self._begins,
        )
        for identity, name, physical, parent in PLACES:
            place: Content = {
                "resourceType": "Location", "id": identity, "status": "active", "name": name, "mode": "instance",
                "form": {"coding": [_coding("http://terminology.hl7.org/CodeSystem/location-physical-type", physical)]},
                "managingOrganization": _to(f"Organization/{'SURGERY' if identity.startswith('OR') else 'TRUST'}"),
            }  # fmt: skip
            yield place | ({"partOf": _to(f"Location/{parent}")} if parent else {}), self._begins
        home: Content = {
            "resourceType": "Location",
            "id": "HOME",
            "status": "active",
            "name": "At home",
            "mode": "kind",
        }
        yield home, self._begins

    def _supplied_and_used(self, device: Device, place: str) -> Iterator[Seed]:
        """A delivery every other week, of a lot of its own or of single units; then a use every few days."""
        for week in range(0, WEEKS, 2):
            came = self._begins + timedelta(weeks=week, days=1, hours=3)
            units = 3 if device.serialised else self._random.randint(8, 20)
            records = [self._device(device, week, unit) for unit in range(units if device.serialised else 1)]
            for record in records:
                yield record, came - timedelta(hours=1)
            items = [
                {"quantity": {"value": 1 if device.serialised else units}, "itemReference": _to(f"Device/{each['id']}")}
                for each in records
            ]
            yield self._delivery(items, place, came), came + timedelta(minutes=10)
            for use in range(self._random.randint(1, 2) if device.serialised else units // 3):
                used = came + timedelta(days=2 + use, hours=self._random.randint(1, 8))
                record = records[use % len(records)]
                yield from self._use(device, record, place, used)

    def _device(self, device: Device, week: int, unit: int) -> Content:
        """A Device as a goods-in desk records it: the label as scanned, and its fields."""
        made = self._begins.date() + timedelta(weeks=week % 90) - timedelta(days=60)
        expires = made + timedelta(days=device.shelf_days or 3650)
        lot = f"S{device.code[-4:] if device.code else ''}{week:02}"
        serial = f"{lot}-{unit + 1:02}" if device.serialised else None
        label = f"(01){device.udi_di}(17){expires:%y%m%d}(10){lot}" + (f"(21){serial}" if serial else "")
        scan = label.replace("(01)", "01").replace("(17)", "17").replace("(10)", "10")
        return {
            "resourceType": "Device",
            "id": self._id("dev"),
            "status": "active",
            "udiCarrier": [
                {
                    "deviceIdentifier": device.udi_di,
                    "issuer": "http://hl7.org/fhir/NamingSystem/gs1-di",
                    "carrierHRF": label,
                    "entryType": "barcode",
                    **({} if serial else {"carrierAIDC": b64encode(scan.encode()).decode()}),
                }
            ],
            "manufacturer": device.legal_manufacturer,
            "manufactureDate": made.isoformat(),
            "expirationDate": expires.isoformat(),
            "lotNumber": lot,
            **({"serialNumber": serial} if serial else {}),
            "name": [{"value": device.name, "type": "user-friendly-name"}],
        }

    def _delivery(self, items: list[Content], place: str, came: datetime, **more: Any) -> Content:
        return {
            "resourceType": "SupplyDelivery",
            "id": (identity := self._id("sd")),
            "identifier": [{"value": f"DN-{identity}"}],
            "status": "completed",
            "suppliedItem": items,
            "occurrenceDateTime": came.isoformat(),
            "supplier": {"display": "North Distribution Centre"},
            "destination": _to(f"Location/{place}"),
            **more,
        }

    def _use(self, device: Device, record: Content, place: str, used: datetime) -> Iterator[Seed]:
        """Wards dispense, theatres and the laboratory name the procedure, intensive care names the device alone."""
        number = self._random.randint(1, 400)
        patient = {"reference": f"Patient/p{number:04}", "display": f"Marjorie Quill {number}"}
        if place == "WARD":
            yield (
                {
                    "resourceType": "DeviceDispense", "id": self._id("dd"), "status": "completed",
                    "device": {"reference": _to(f"Device/{record['id']}")}, "subject": patient,
                    "quantity": {"value": 1}, "whenHandedOver": used.isoformat(), "location": _to(f"Location/{place}"),
                    "note": [{"text": "for Marjorie Quill, allergic to latex"}],
                },
                used + timedelta(minutes=5),
            )  # fmt: skip
            return
        procedure: Content = {
            "resourceType": "Procedure", "id": self._id("pr"), "status": "in-progress", "subject": patient,
            "occurrenceDateTime": used.isoformat(), "location": _to(f"Location/{place}"),
        }  # fmt: skip
        yield procedure, used
        names_devices = place == "OR"
        done = procedure | {"status": "completed"}
        yield (
            done | ({"used": [{"reference": _to(f"Device/{record['id']}")}]} if names_devices else {}),
            used + timedelta(minutes=40),
        )
        if not names_devices:
            yield (
                {
                    "resourceType": "DeviceUsage", "id": self._id("du"), "status": "completed", "patient": patient,
                    "device": {"reference": _to(f"Device/{record['id']}")}, "timingDateTime": used.isoformat(),
                    "derivedFrom": [_to(f"Procedure/{procedure['id']}")],
                },
                used + timedelta(minutes=50),
            )  # fmt: skip

    def _moved_within(self) -> Iterator[Seed]:
        """Sutures come to the store; the theatres ask for some, and get them."""
        device = self._used[7][0]
        came = self._begins + timedelta(days=3)
        record = self._device(device, 90, 0)
        yield record, came - timedelta(hours=1)
        item = {"reference": _to(f"Device/{record['id']}")}
        yield self._delivery([{"quantity": {"value": 40}, "itemReference": item["reference"]}], "STORE", came), came
        asked = came + timedelta(days=4)
        request: Content = {
            "resourceType": "SupplyRequest", "id": "sr-restock", "status": "active", "priority": "urgent", "item": item,
            "quantity": {"value": 15}, "occurrenceDateTime": (asked + timedelta(days=1)).isoformat(),
            "authoredOn": asked.isoformat(), "deliverFrom": _to("Location/STORE"), "deliverTo": _to("Location/OR"),
        }  # fmt: skip
        yield request, asked
        got = asked + timedelta(hours=20)
        moved = [{"quantity": {"value": 15}, "itemReference": item["reference"]}]
        yield self._delivery(moved, "OR", got, basedOn=[_to("SupplyRequest/sr-restock")]), got
        yield request | {"status": "completed"}, got + timedelta(minutes=1)
        waiting = request | {
            "id": "sr-open", "authoredOn": _at(self._today, -1).isoformat(), "occurrenceDateTime": _at(self._today, 3).isoformat(),
        }  # fmt: skip
        yield waiting, _at(self._today, -1)
        expected = self._delivery(
            [{"quantity": {"value": 30}, "itemReference": item["reference"]}], "STORE", _at(self._today, 2)
        )
        yield expected | {"status": "in-progress"}, _at(self._today, -1)

    def _planned(self) -> Iterator[Seed]:
        """Hips and stents of the next days: a request for the service, an appointment, a request for each device."""
        for number, (place, position) in enumerate((("OR", 13), ("CATH", 11), ("OR", 10)), start=1):
            device, asked, on = (
                self._used[position][0],
                _at(self._today, -10 + number),
                _at(self._today, 2 + 3 * number),
            )
            patient = {"reference": f"Patient/p9{number:03}", "display": "Ottoline Fenwright"}
            service = f"svc-{number}"
            yield (
                {
                    "resourceType": "ServiceRequest", "id": service, "status": "active", "intent": "order",
                    "subject": patient, "authoredOn": asked.isoformat(), "occurrenceDateTime": on.date().isoformat(),
                    "location": [{"reference": _to(f"Location/{place}")}],
                },
                asked,
            )  # fmt: skip
            yield (
                {
                    "resourceType": "Appointment", "id": f"app-{number}", "status": "booked", "start": on.isoformat(),
                    "end": (on + timedelta(hours=2)).isoformat(), "basedOn": [_to(f"ServiceRequest/{service}")],
                    "participant": [{"actor": patient, "status": "accepted"}],
                },
                asked + timedelta(hours=1),
            )  # fmt: skip
            concept = {"coding": [_coding("http://hl7.org/fhir/NamingSystem/gs1-di", device.udi_di)]}
            yield (
                {
                    "resourceType": "DeviceRequest", "id": f"dr-{number}", "status": "active", "intent": "order",
                    "priority": "routine", "code": {"concept": concept}, "subject": patient,
                    "basedOn": [_to(f"ServiceRequest/{service}")], "authoredOn": asked.isoformat(),
                },
                asked + timedelta(hours=2),
            )  # fmt: skip

    def _in_error(self) -> Iterator[Seed]:
        """A use that was recorded by mistake, and one that was recorded for the wrong device first."""
        device, place = self._used[3]
        came = self._begins + timedelta(days=5)
        right, wrong = self._device(device, 91, 0), self._device(device, 92, 0)
        for record in (right, wrong):
            yield record, came
            item = {"quantity": {"value": 10}, "itemReference": _to(f"Device/{record['id']}")}
            yield self._delivery([item], place, came), came + timedelta(minutes=1)
        for identity, last in (("du-mistake", {"status": "entered-in-error"}), ("du-corrected", {})):
            used = came + timedelta(days=3)
            usage: Content = {
                "resourceType": "DeviceUsage", "id": identity, "status": "completed",
                "patient": {"reference": "Patient/p0001", "display": "Marjorie Quill 1"},
                "device": {"reference": _to(f"Device/{wrong['id']}")}, "timingDateTime": used.isoformat(),
                "derivedFrom": [_to("Procedure/pr-1")],
            }  # fmt: skip
            yield usage, used
            yield (
                usage | ({"device": {"reference": _to(f"Device/{right['id']}")}} | last),
                used + timedelta(hours=2),
            )

    def _bad(self) -> Iterator[Seed]:
        """What real servers hold: a code that is none, dates the wrong way round, no lot, a misread digit, a modifier."""
        device, place = self._used[4]
        came = self._begins + timedelta(days=6)
        good = self._device(device, 93, 0)
        item = {"quantity": {"value": 12}, "itemReference": _to(f"Device/{good['id']}")}
        yield good, came
        yield self._delivery([item], place, came), came + timedelta(minutes=1)
        backwards = self._device(device, 94, 0) | {"id": "bad-dates", "manufactureDate": "2039-01-01"}
        misread = self._device(device, 95, 0) | {"id": "bad-digit"}
        digit = str((int(device.udi_di[-1]) + 1) % 10)
        misread["udiCarrier"] = [
            {"deviceIdentifier": device.udi_di[:-1] + digit, "issuer": "http://hl7.org/fhir/NamingSystem/gs1-di"}
        ]
        no_lot = self._device(device, 96, 0) | {"id": "no-lot"}
        for name in ("lotNumber", "expirationDate"):
            del no_lot[name]
        no_lot["udiCarrier"] = [
            {"deviceIdentifier": device.udi_di, "issuer": "http://hl7.org/fhir/NamingSystem/gs1-di"}
        ]
        for record in (backwards, misread, no_lot):
            yield record, came
        used = came + timedelta(days=2)
        usage: Content = {
            "resourceType": "DeviceUsage", "status": "completed", "patient": {"reference": "Patient/p0002"},
            "timingDateTime": used.isoformat(), "derivedFrom": [_to("Procedure/pr-1")],
        }  # fmt: skip
        of_good = {"device": {"reference": _to(f"Device/{good['id']}")}}
        yield usage | of_good | {"id": "du-bad-code", "status": "in-use"}, used
        yield (
            usage
            | of_good
            | {"id": "du-modified", "modifierExtension": [{"url": UNKNOWN_MODIFIER, "valueBoolean": True}]},
            used,
        )
        yield usage | {"id": "du-no-lot", "device": {"reference": _to("Device/no-lot")}}, used
        yield usage | {"id": "du-misread", "device": {"reference": _to("Device/bad-digit")}}, used


def _to(reference: str) -> Content:
    return {"reference": reference}


def _coding(system: str, code: str) -> Content:
    return {"system": system, "code": code}


def _at(day: date, days: int) -> datetime:
    """Half past eight in the morning, so many days later."""
    return datetime.combine(day + timedelta(days=days), time(8, 30), UTC)
