"""A hospital's resources as ours: what each becomes, what keeps it out, and that no patient comes along."""

import json
from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from lotwatch.errors import SourceError
from lotwatch.sources.connector import Record
from lotwatch.sources.fhir import push
from lotwatch.sources.fhir.codes import BINDINGS
from lotwatch.sources.fhir.privacy import Seal, raw
from lotwatch.sources.fhir.push import FhirReceiver
from lotwatch.sources.fhir.reading import local
from lotwatch.sources.fhir.site import FhirSite

DI = "04053210000014"
LABEL = f"(01){DI}(17)270131(10)L7"
ALL = ("usage", "dispense", "procedure")
STAMP = "2026-03-02T10:00:00Z"


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def to(reference: str) -> dict[str, str]:
    return {"reference": reference}


def resource(kind: str, identity: str = "1", version: int = 1, **content: Any) -> dict[str, Any]:
    meta = {"versionId": str(version), "lastUpdated": STAMP}
    return {"resourceType": kind, "id": identity, "meta": meta, **content}


def device(identity: str = "d", **changes: Any) -> dict[str, Any]:
    plain = {
        "status": "active",
        "udiCarrier": [{"deviceIdentifier": DI, "issuer": "gs1", "carrierHRF": LABEL, "entryType": "barcode"}],
        "lotNumber": "L7",
        "expirationDate": "2027-01-31",
    }
    content = resource("Device", identity, **(plain | changes))
    return {name: value for name, value in content.items() if value is not None}


def place(identity: str, physical: str, part_of: str | None = None, **content: Any) -> dict[str, Any]:
    above = {"partOf": to(f"Location/{part_of}")} if part_of else {}
    form = {"coding": [{"code": physical}]}
    return resource("Location", identity, status="active", name=identity, physicalType=form, **above, **content)


HOUSE = (place("H", "si"), place("OR", "wi", "H"))


def usage(identity: str = "u", **changes: Any) -> dict[str, Any]:
    plain = {
        "status": "completed",
        "patient": {"reference": "Patient/77", "display": "Marjorie Quill"},
        "device": {"reference": to("Device/d")},
        "timingDateTime": "2026-03-02T09:00:00+00:00",
        "derivedFrom": [to("Procedure/p")],
    }
    return resource("DeviceUsage", identity, **(plain | changes))


PROCEDURE = resource("Procedure", "p", status="in-progress", subject=to("Patient/77"), location=to("Location/OR"))


def bundle(*resources: Any, kind: str = "collection") -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": [{"resource": each} for each in resources]}


def told(*resources: Any, entity: str | None = None, **options: Any) -> list[Record]:
    """The records of an entity that these resources become, sent together."""
    receiver = push(**({"time_zone": "Europe/London", "usage_from": ALL} | options))
    return [record for each, record in receiver(bundle(*resources)) if entity in {None, each}]


def one(*resources: Any, entity: str, **options: Any) -> Record:
    (record,) = told(*resources, entity=entity, **options)
    return record


def reasons(record: Record) -> list[tuple[str, str]]:
    return [(problem.field, problem.reason) for problem in record.problems]


# --- places and organizations


def test_a_building_within_a_site_is_a_department_and_a_cabinet_is_a_bin() -> None:
    rows = {
        record.row["code"]: record.row
        for record in told(
            place("H", "si"), place("B", "bu", "H"), place("C", "ca", "B"), prefix="X-", entity="location"
        )
    }
    assert {code: (row["kind"], row["parent_code"]) for code, row in rows.items()} == {
        "X-H": ("site", None), "X-B": ("department", "X-H"), "X-C": ("bin", "X-B"),
    }  # fmt: skip
    assert rows["X-H"]["time_zone"] == "Europe/London"


def test_parents_come_first_whatever_the_order_and_a_circle_is_a_problem() -> None:
    records = told(place("C", "ca", "B"), place("B", "wa", "H"), place("H", "si"), entity="location")
    assert [record.row["code"] for record in records] == ["H", "B", "C"]
    (first, second) = told(place("A", "wa", "B"), place("B", "wa", "A"), entity="location")
    assert "part of itself" in str(reasons(first)) + str(reasons(second))


def test_a_place_whose_parent_cannot_be_read_waits() -> None:
    record = one(place("W", "wa", "missing"), entity="location")
    assert reasons(record)[0][0] == "Location.partOf"


def test_a_kind_of_place_is_no_place_and_one_that_is_out_of_use_is_inactive() -> None:
    assert told(place("home", "ho", mode="kind"), entity="location") == []
    closed = place("OLD", "si") | {"status": "inactive"}
    assert one(closed, entity="location").row["active"] is False


def test_a_department_is_no_legal_entity_and_its_place_belongs_to_the_whole() -> None:
    trust = resource("Organization", "T", name="Trust", address=[{"country": "GB", "text": "1 Quay Road"}])
    ward = resource("Organization", "W", name="Ward", partOf=to("Organization/T"))
    here = place("H", "si", managingOrganization=to("Organization/W"))
    assert [record.row["code"] for record in told(trust, ward, here, entity="legal_entity")] == ["T"]
    assert one(trust, ward, here, entity="location").row["legal_entity_code"] == "T"
    assert one(trust, entity="legal_entity").row["country"] == "GB"


# --- devices


def test_a_device_is_a_lot_by_its_fields_and_its_label() -> None:
    row = one(device(), entity="lot").row
    assert (row["udi_di"], row["lot_number"], row["usable_through"], row["item_code"]) == (
        DI,
        "L7",
        date(2027, 1, 31),
        None,
    )
    only_label = one(device(lotNumber=None, expirationDate=None), entity="lot").row
    assert (only_label["lot_number"], only_label["usable_through"]) == ("L7", date(2027, 1, 31))


def test_what_a_scanner_read_is_taken_where_the_print_is_not_told() -> None:
    scan = b64encode(f"01{DI}17270131".encode() + b"10L9\x1d21S4").decode()
    row = one(device(udiCarrier=[{"carrierAIDC": scan}], lotNumber=None, expirationDate=None), entity="lot").row
    assert (row["udi_di"], row["lot_number"], row["serial_number"]) == (DI, "L9", "S4")


def test_a_month_of_expiry_lasts_to_its_end_and_one_of_manufacture_begins_with_it() -> None:
    carrier = [{"deviceIdentifier": DI}]
    row = one(device(udiCarrier=carrier, expirationDate="2028-02", manufactureDate="2026-02"), entity="lot").row
    assert (row["usable_through"], row["manufactured_on"]) == (date(2028, 2, 29), date(2026, 2, 1))


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"lotNumber": "L8"}, "Device.lotNumber", "the label says L7"),
        ({"expirationDate": "2027-02-01"}, "Device.expirationDate", "the label says 2027-01-31"),
        ({"udiCarrier": [{"deviceIdentifier": DI[:-1] + "5"}]}, "Device.udiCarrier.deviceIdentifier", "check digit"),
        ({"udiCarrier": [{"carrierHRF": "no label"}]}, "Device.udiCarrier.carrierHRF", "no UDI that can be read"),
        ({"udiCarrier": [{"carrierAIDC": "%%"}]}, "Device.udiCarrier.carrierAIDC", "base64"),
        ({"udiCarrier": None}, "Device.udiCarrier", "item_systems"),
        ({"expirationDate": "31.01.2027"}, "Device.expirationDate", "not a date"),
        ({"expirationDate": "2027-02-30"}, "Device.expirationDate", "not a date"),
        ({"lotNumber": "A\x00"}, "Device.lotNumber", "no text has"),
        ({"lotNumber": 7}, "Device.lotNumber", "not a text"),
        ({"status": "in-use"}, "Device.status", '"in-use" is not one of active'),
        ({"udiCarrier": [{"deviceIdentifier": DI, "entryType": "ocr"}]}, "Device.udiCarrier.entryType", '"ocr" is not'),
        ({"udiCarrier": "x"}, "Device.udiCarrier", "elements of their own"),
        ({"implicitRules": "https://x.example"}, "Device.implicitRules", "https://x.example"),
    ],
)
def test_what_is_wrong_with_a_device_is_told_with_its_element(changes: dict[str, Any], field: str, reason: str) -> None:
    problems = reasons(one(device(**changes), entity="lot"))
    assert any(found == field and reason in text for found, text in problems), problems


def test_a_catalogue_number_names_the_item_where_the_site_says_so() -> None:
    content = device(udiCarrier=None, identifier=[{"system": "urn:cat", "value": "MD-7"}])
    assert one(content, entity="lot", item_systems={"urn:cat"}).row["item_code"] == "MD-7"


# --- value sets and modifiers


@pytest.mark.parametrize("version", ["R4", "R5", None])
def test_every_bound_code_of_every_type_is_checked(version: Any) -> None:
    """A code that is none, at each bound element of each type: the record is told to be wrong there."""
    from lotwatch.sources.fhir.reading import read

    kinds = {kind for kind, each in BINDINGS if each == version}
    assert {"Location", "Device", "SupplyDelivery", "SupplyRequest", "Procedure", "DeviceRequest"} <= kinds
    for kind in kinds:
        for path, codes in BINDINGS[kind, version].items():
            for code, wrong in (("no-such-code", True), (min(codes), False), ("Mrs Quill, 4 Quay Road", True)):
                value: Any = code
                for name in reversed(path):
                    value = {name: value}
                found = read(resource(kind) | value, kind, FhirSite(), version)
                assert found is not None
                at_path = [problem for problem in found.problems if problem.field == ".".join((kind, *path))]
                assert bool([each for each in at_path if "not one of" in each.reason]) is wrong
                assert "Quill" not in str(found.problems)


def test_a_code_of_r5_alone_is_none_in_r4() -> None:
    content = device(udiCarrier=[{"deviceIdentifier": DI, "entryType": "electronic-transmission"}])
    assert one(content, entity="lot", version="R5").problems == ()
    assert reasons(one(content, entity="lot", version="R4"))[0][0] == "Device.udiCarrier.entryType"


def test_a_modifier_extension_that_is_not_understood_keeps_a_record_out_wherever_it_is() -> None:
    modified = [{"url": "https://x.example/refuted", "valueBoolean": True}]
    for content in (
        usage(modifierExtension=modified),
        usage(device={"reference": to("Device/d"), "modifierExtension": modified}),
    ):
        (field, reason), *_ = reasons(one(*HOUSE, PROCEDURE, device(), content, entity="movement"))
        assert field.endswith("modifierExtension")
        assert "https://x.example/refuted" in reason
        known = {"understood_modifiers": {"https://x.example/refuted"}}
        assert one(*HOUSE, PROCEDURE, device(), content, entity="movement", **known).problems == ()


# --- deliveries and requests


def delivery(**changes: Any) -> dict[str, Any]:
    plain = {
        "status": "completed",
        "identifier": [{"value": "DN-1"}],
        "suppliedItem": [{"quantity": {"value": 4}, "itemReference": to("Device/d")}],
        "occurrenceDateTime": "2026-03-01",
        "destination": to("Location/OR"),
    }
    return resource("SupplyDelivery", "s", **(plain | changes))


def test_a_completed_delivery_is_a_line_and_a_movement_from_outside() -> None:
    line = one(*HOUSE, device(), delivery(), entity="delivery_line").row
    moved = one(*HOUSE, device(), delivery(), entity="movement").row
    assert (line["state"], line["delivered_at"], line["to_location"]) == ("delivered", at(2026, 3, 1, 23, 59, 59), "OR")
    assert (moved["from_location"], moved["to_location"], moved["quantity"]) == ("SUPPLIERS", "OR", Decimal(4))
    assert (moved["udi_di"], moved["lot_number"], moved["document"]) == (DI, "L7", "DN-1")


def test_a_delivery_of_several_items_in_r5_and_of_one_in_r4_are_the_same() -> None:
    two = [{"quantity": {"value": n}, "itemReference": to("Device/d")} for n in (4, 5)]
    records = told(*HOUSE, device(), delivery(suppliedItem=two), entity="movement")
    assert [(record.source_key, record.row["quantity"]) for record in records] == [
        ("SupplyDelivery/s", 4), ("SupplyDelivery/s/2", 5),
    ]  # fmt: skip
    alone = one(*HOUSE, device(), delivery(suppliedItem=two[0]), entity="movement")
    assert (alone.source_key, alone.row["quantity"]) == ("SupplyDelivery/s", 4)


def test_a_delivery_for_a_request_from_a_store_leaves_the_store() -> None:
    request = supply_request(deliverFrom=to("Location/STORE"))
    store = place("STORE", "area", "H")
    moved = one(*HOUSE, store, device(), request, delivery(basedOn=[to("SupplyRequest/r")]), entity="movement")
    assert moved.row["from_location"] == "STORE"
    without = one(*HOUSE, store, device(), delivery(basedOn=[to("SupplyRequest/r")]), entity="movement")
    assert "SupplyRequest cannot be read" in str(reasons(without))


def test_a_delivery_under_way_is_planned_and_an_abandoned_one_cancelled_and_neither_moves_stock() -> None:
    for status, state in (("in-progress", "planned"), ("abandoned", "cancelled")):
        sent = (*HOUSE, device(), delivery(status=status))
        assert one(*sent, entity="delivery_line").row["state"] == state
        assert told(*sent, entity="movement") == []


def test_quantities_in_a_unit_of_packs_keep_their_unit_and_fractions_stay_exact() -> None:
    item = {"quantity": {"value": Decimal("1.5"), "unit": "box"}, "itemReference": to("Device/d")}
    row = one(*HOUSE, device(), delivery(suppliedItem=[item]), entity="movement").row
    assert (row["quantity"], row["unit"]) == (Decimal("1.5"), "box")
    each = {"quantity": {"value": 3, "code": "{each}", "unit": "stuks"}, "itemReference": to("Device/d")}
    assert one(*HOUSE, device(), delivery(suppliedItem=[each]), entity="movement").row["unit"] is None


def supply_request(**changes: Any) -> dict[str, Any]:
    plain = {
        "status": "active",
        "priority": "stat",
        "item": {"concept": {"coding": [{"system": "https://www.gs1.org/gtin", "code": DI}]}},
        "quantity": {"value": 6},
        "occurrenceDateTime": "2026-03-09",
        "authoredOn": "2026-03-02T08:00:00Z",
        "deliverTo": to("Location/OR"),
    }
    return resource("SupplyRequest", "r", **(plain | changes))


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("draft", "draft"), ("active", "open"), ("suspended", "draft"), ("cancelled", "cancelled"),
        ("completed", "done"), ("entered-in-error", "cancelled"),
    ],
)  # fmt: skip
def test_a_supply_request_is_demand_of_its_department(status: str, state: str) -> None:
    row = one(*HOUSE, supply_request(status=status), entity="demand_line").row
    assert (row["state"], row["closed_at"] is not None) == (state, state in {"done", "cancelled"})
    assert (row["order_kind"], row["site_code"], row["customer_location"]) == ("department", "H", "OR")
    assert (row["need_by"], row["priority"], row["udi_di"]) == (date(2026, 3, 9), "emergency", DI)


def test_a_request_of_unknown_state_waits_for_somebody_to_know() -> None:
    record = one(*HOUSE, supply_request(status="unknown"), entity="demand_line")
    assert "whether it is still wanted" in str(reasons(record))


def device_request(**changes: Any) -> dict[str, Any]:
    plain = {
        "status": "active",
        "intent": "order",
        "codeCodeableConcept": {"coding": [{"system": "https://www.gs1.org/gtin", "code": DI}]},
        "subject": to("Patient/77"),
        "basedOn": [to("ServiceRequest/v")],
    }
    return resource("DeviceRequest", "q", **(plain | changes))


SERVICE = resource(
    "ServiceRequest", "v", status="active", intent="order", subject=to("Patient/77"), authoredOn="2026-03-01",
    occurrenceDateTime="2026-03-10", locationReference=[to("Location/OR")],
)  # fmt: skip


def appointment(status: str, start: str) -> dict[str, Any]:
    return resource("Appointment", f"a{status}", status=status, start=start, basedOn=[to("ServiceRequest/v")])


def test_a_planned_procedure_is_wanted_for_the_day_of_its_appointment() -> None:
    booked, off = appointment("booked", "2026-03-12T07:30:00Z"), appointment("cancelled", "2026-03-05T07:30:00Z")
    row = one(*HOUSE, SERVICE, booked, off, device_request(), entity="demand_line").row
    assert (row["order_kind"], row["procedure_at"], row["need_by"]) == (
        "procedure",
        at(2026, 3, 12, 7, 30),
        date(2026, 3, 12),
    )
    assert (row["order_key"], row["site_code"], row["customer_location"]) == ("ServiceRequest/v", "H", "OR")


def test_what_is_only_proposed_counts_nowhere_and_what_is_revoked_is_cancelled() -> None:
    assert one(*HOUSE, SERVICE, device_request(intent="plan"), entity="demand_line").row["state"] == "draft"
    revoked = SERVICE | {"status": "revoked"}
    assert one(*HOUSE, revoked, device_request(), entity="demand_line").row["state"] == "cancelled"
    forbidden = one(*HOUSE, SERVICE, device_request(doNotPerform=True), entity="demand_line")
    assert "doNotPerform" in str(reasons(forbidden))


def test_a_procedure_in_preparation_wants_its_devices_and_closes_what_it_wanted() -> None:
    ahead = PROCEDURE | {
        "status": "preparation",
        "used": [{"reference": to("Device/d")}] * 2,
        "occurrenceDateTime": "2026-03-20",
    }
    row = one(*HOUSE, device(), ahead, entity="demand_line").row
    assert (row["state"], row["quantity"], row["need_by"]) == ("open", 2, date(2026, 3, 20))
    over = ahead | {"status": "completed", "meta": {"versionId": "2", "lastUpdated": STAMP}}
    assert one(*HOUSE, device(), ahead, over, entity="demand_line").row["state"] == "done"
    without = {name: value for name, value in over.items() if name != "used"}
    assert one(*HOUSE, device(), ahead, without, entity="demand_line").row["state"] == "cancelled"
    first_told_over = ahead | {"status": "completed"}
    assert told(*HOUSE, device(), first_told_over, entity="demand_line") == []


# --- use


@pytest.mark.parametrize(
    ("status", "moves"),
    [
        ("active", True), ("completed", True), ("stopped", True), ("intended", False), ("on-hold", False),
        ("not-done", False),
    ],
)  # fmt: skip
def test_a_device_that_is_or_was_in_use_has_left_the_department(status: str, moves: bool) -> None:
    records = told(*HOUSE, PROCEDURE, device(), usage(status=status), entity="movement")
    assert [(record.row["from_location"], record.row["to_location"]) for record in records] == [
        ("OR", "PATIENTS")
    ] * moves


def test_a_use_statement_of_r4_is_the_same_use() -> None:
    new = one(*HOUSE, PROCEDURE, device(), usage(), entity="movement")
    content = usage() | {"resourceType": "DeviceUseStatement", "subject": to("Patient/77"), "device": to("Device/d")}
    del content["patient"]
    assert one(*HOUSE, PROCEDURE, device(), content, entity="movement").row == new.row


def test_use_named_by_a_code_alone_is_of_no_lot_and_counts_all_the_same() -> None:
    concept = {"concept": {"coding": [{"system": "https://www.gs1.org/gtin", "code": DI}]}}
    record = one(*HOUSE, PROCEDURE, usage(device=concept), entity="movement")
    assert (record.row["udi_di"], record.row["lot_number"], record.problems) == (DI, None, ())


def test_a_contained_device_is_known_from_within() -> None:
    content = usage(device={"reference": to("#x")}, contained=[device("x")])
    assert one(*HOUSE, PROCEDURE, content, entity="movement").row["lot_number"] == "L7"


def test_a_device_that_a_procedure_names_twice_over_was_used_once_and_an_explanted_one_not_at_all() -> None:
    content = PROCEDURE | {
        "status": "completed", "performedDateTime": "2026-03-02",
        "usedReference": [to("Device/d")],
        "focalDevice": [
            {"manipulated": to("Device/d"), "action": {"coding": [{"code": "implanted"}]}},
            {"manipulated": to("Device/old"), "action": {"coding": [{"code": "explanted"}]}},
        ],
    }  # fmt: skip
    record = one(*HOUSE, device(), content, entity="movement")
    assert (record.source_key, record.row["quantity"]) == ("Procedure/p/Device/d", 1)


def test_a_use_is_counted_from_the_records_that_the_site_names_alone() -> None:
    done = PROCEDURE | {"status": "completed", "used": [{"reference": to("Device/d")}]}
    both = (*HOUSE, device(), done, usage())
    assert [record.source_key for record in told(*both, entity="movement", usage_from=("usage",))] == ["DeviceUsage/u"]
    assert [record.source_key for record in told(*both, entity="movement", usage_from=("procedure",))] == [
        "Procedure/p/Device/d"
    ]


def test_a_use_with_no_place_or_no_device_says_so() -> None:
    assert "in which Location" in str(reasons(one(device(), usage(derivedFrom=[]), entity="movement")))
    assert "Device/d cannot be read" in str(reasons(one(*HOUSE, PROCEDURE, usage(), entity="movement")))


# --- versions


def events(*versions: dict[str, Any]) -> list[tuple[str, str | None, Any]]:
    numbered = [
        each | {"meta": {"versionId": str(number), "lastUpdated": STAMP}} for number, each in enumerate(versions, 1)
    ]
    records = told(
        *HOUSE,
        PROCEDURE,
        device(),
        device("e", lotNumber="L8", udiCarrier=[{"deviceIdentifier": DI}]),
        *numbered,
        entity="movement",
    )
    return [(record.source_key, record.row.get("reverses_key"), record.row.get("lot_number")) for record in records]


def test_each_version_that_says_something_else_takes_back_what_was_said() -> None:
    other = usage(device={"reference": to("Device/e")})
    assert events(
        usage(status="intended"), usage(), usage(note=[{"text": "x"}]), other, usage(status="entered-in-error")
    ) == [
        ("DeviceUsage/u", None, "L7"),
        ("DeviceUsage/u;reversed", "DeviceUsage/u", None),
        ("DeviceUsage/u;2", None, "L8"),
        ("DeviceUsage/u;2;reversed", "DeviceUsage/u;2", None),
    ]


def test_what_is_an_error_in_all_that_is_known_is_told_and_taken_back() -> None:
    assert events(usage(status="entered-in-error")) == [
        ("DeviceUsage/u", None, "L7"),
        ("DeviceUsage/u;reversed", "DeviceUsage/u", None),
    ]


def test_an_error_that_names_no_device_takes_nothing_back() -> None:
    assert told(*HOUSE, PROCEDURE | {"status": "entered-in-error"}, entity="movement") == []


def test_a_version_that_cannot_be_understood_takes_nothing_back_and_is_told() -> None:
    """It is told by the key under which it will be good, so that quarantine lets it go then, and not before."""
    bad = usage() | {"status": "gone", "meta": {"versionId": "2"}}
    record = one(*HOUSE, PROCEDURE, device(), usage(), bad, entity="movement")
    assert (record.source_key, reasons(record)[0][0]) == ("DeviceUsage/u", "DeviceUsage.status")
    mended = usage(device={"reference": to("Device/e")})
    assert events(usage(), bad, mended)[-1] == ("DeviceUsage/u;2", None, "L8")


# --- privacy


SECRET = "Marjorie Quill of 4 Quay Road, NHS 943 476 5919"


def full_of_secrets(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    """A resource with a patient in every place where one may be."""
    person = {"reference": "Patient/943-476-5919", "display": SECRET, "identifier": {"value": SECRET}}
    return content | {
        "text": {"status": "generated", "div": f"<div>{SECRET}</div>"},
        "note": [{"text": SECRET}],
        "subject": person, "patient": person, "deliverFor": person, "performer": [{"actor": person}],
        "encounter": {"reference": "Encounter/943-476-5919", "display": SECRET},
        "context": {"reference": "Encounter/943-476-5919"},
        "receiver": [person], "requester": person, "informationSource": person, "recorder": person,
        "description": SECRET, "comment": SECRET, "patientInstruction": SECRET, "reasonCode": [{"text": SECRET}],
        "code": {"text": SECRET, "concept": {"text": SECRET}}, "bodySite": [{"text": SECRET}],
        "extension": [{"url": "x", "valueString": SECRET}],
        "contained": [{"resourceType": "Patient", "id": "943-476-5919", "name": [{"text": SECRET}]}],
        "basedOn": [{"reference": "ServiceRequest/v", "display": SECRET}, person],
        "reason": [{"reference": person, "concept": {"text": SECRET}}],
        "reasonReference": [person],
        "supplier": {"display": SECRET},
        "_status": {"extension": [{"url": "x", "valueString": SECRET}]},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("entity", "content"),
    [
        ("movement", usage()),
        ("movement", delivery()),
        ("movement", PROCEDURE | {"status": "completed", "used": [{"reference": to("Device/d")}]}),
        ("movement", resource("DeviceDispense", status="completed", device={"reference": to("Device/d")}, location=to("Location/OR"))),
        ("demand_line", supply_request()),
        ("demand_line", device_request()),
        ("delivery_line", delivery()),
        ("lot", device("own")),
        ("location", place("W", "wa", "H")),
        ("movement", usage(status=SECRET)),
    ],
)  # fmt: skip
def test_no_patient_leaves_the_hospital(entity: str, content: dict[str, Any]) -> None:
    """Neither a name nor a number nor an address nor a note: not in what is kept, not in a row, not in a reason."""
    kept = full_of_secrets(content["resourceType"], content)
    receiver = FhirReceiver(FhirSite(usage_from=ALL), case_key="a key of the hospital's")
    records = [
        record for each, record in receiver(bundle(*HOUSE, device(), SERVICE, PROCEDURE, kept)) if each == entity
    ]
    assert any(record.source_key.startswith(f"{content['resourceType']}/{content['id']}") for record in records)
    for record in records:
        told = json.dumps([record.raw, record.source_key, reasons(record)]) + repr(record.row)
        for secret in ("Quill", "Quay", "943", "Patient/", "Encounter/"):
            assert secret not in told


def test_a_case_is_the_same_text_each_time_and_only_its_key_opens_it() -> None:
    seal = Seal("a key of the hospital's")
    sealed = seal.close("Patient/77")
    assert sealed == Seal("a key of the hospital's").close("Patient/77") != seal.close("Patient/78")
    assert sealed is not None
    assert seal.open(sealed) == "Patient/77"
    for other in (Seal("the key of somebody else"), Seal()):
        with pytest.raises(SourceError, match="another key"):
            other.open(sealed)
    with pytest.raises(SourceError, match="fewer than 16"):
        Seal("short")
    assert Seal().close("Patient/77") is None


def test_a_case_that_the_hospital_has_encrypted_is_kept_as_it_is() -> None:
    patient = {"reference": "Patient/77", "identifier": {"system": "urn:sealed", "value": "x8/=="}}
    record = one(*HOUSE, PROCEDURE, device(), usage(patient=patient), entity="movement", case_system="urn:sealed")
    assert record.row["case_reference"] == "x8/=="


def test_what_is_kept_can_be_stored_whatever_was_sent() -> None:
    kept = raw(device(lotNumber="A\x00\ud800", expirationDate=Decimal("0.10"), identifier=[{"value\x00": 1}]), "Device")
    assert "\\u0000" not in json.dumps(kept)
    json.dumps(kept, ensure_ascii=False).encode()


# --- pushing


def test_any_bundle_or_a_single_resource_is_taken_and_nothing_else() -> None:
    receiver = push(usage_from=ALL)
    for kind in ("transaction", "batch", "collection", "searchset", "message"):
        assert [entity for entity, _ in receiver(bundle(device(), kind=kind))] == ["lot"]
    notification = bundle(
        {"resourceType": "SubscriptionStatus", "status": "active"}, device(), kind="subscription-notification"
    )
    assert [entity for entity, _ in receiver(notification)] == ["lot"]
    assert [entity for entity, _ in receiver(device())] == ["lot"]
    for body in ([], "text", {"entry": []}, None):
        with pytest.raises(SourceError, match="no FHIR resource"):
            list(receiver(body))


def test_a_history_is_read_from_its_oldest_version_and_ends_with_a_deletion() -> None:
    entries = [
        {"request": {"method": "DELETE", "url": "DeviceUsage/u"}},
        {"resource": usage(), "request": {"method": "PUT", "url": "DeviceUsage/u"}},
        *({"resource": each} for each in (*HOUSE, PROCEDURE, device())),
    ]
    body = {"resourceType": "Bundle", "type": "history", "entry": entries}
    keys = [record.source_key for entity, record in push(usage_from=ALL)(body) if entity == "movement"]
    assert keys == ["DeviceUsage/u", "DeviceUsage/u;reversed"]


def test_references_within_a_transaction_are_followed() -> None:
    entries = [
        {"fullUrl": "urn:uuid:1", "resource": device()},
        {"fullUrl": "urn:uuid:2", "resource": usage(device={"reference": to("urn:uuid:1")})},
        *({"resource": each} for each in (*HOUSE, PROCEDURE)),
    ]
    body = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    (record,) = [record for entity, record in push(usage_from=ALL)(body) if entity == "movement"]
    assert (record.row["lot_number"], record.problems) == ("L7", ())


def mangled(content: Any) -> Iterable[Any]:
    """A resource with each of its elements in turn as no server should send it."""
    for path in _paths(content):
        for junk in (None, 7, "", "x", [], {}, [[]], [None], True, {"reference": 3}, "\x00", 1e400):
            yield _replaced(content, path, junk)


def _paths(node: Any, path: tuple[Any, ...] = ()) -> Iterable[tuple[Any, ...]]:
    steps = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, value in steps:
        yield (*path, step)
        yield from _paths(value, (*path, step))


def _replaced(node: Any, path: tuple[Any, ...], junk: Any) -> Any:
    if not path:
        return junk
    copy = list(node) if isinstance(node, list) else dict(node)
    copy[path[0]] = _replaced(copy[path[0]], path[1:], junk)
    return copy


@pytest.mark.parametrize(
    "content",
    [
        usage(), delivery(), supply_request(), device_request(), device(), place("W", "wa", "H"),
        PROCEDURE | {"status": "completed", "used": [{"reference": to("Device/d")}], "focalDevice": [{"manipulated": to("Device/d")}]},
        appointment("booked", STAMP), SERVICE, resource("Organization", "T", name="Trust", partOf=to("Organization/U")),
    ],
    ids=lambda content: content["resourceType"],
)  # fmt: skip
def test_whatever_is_in_a_record_it_becomes_rows_or_problems_and_never_an_error(content: dict[str, Any]) -> None:
    receiver = push(usage_from=ALL)
    for spoiled in mangled(content):
        for _, record in receiver(bundle(*HOUSE, PROCEDURE, device(), SERVICE, device_request(), spoiled)):
            assert record.source_key
            json.dumps(record.raw, allow_nan=False)


def test_references_are_read_with_and_without_an_address_and_a_version() -> None:
    assert local("https://h.example/fhir/r4/Device/d-1/_history/3") == local("Device/d-1") == "Device/d-1"
    assert (local("#x"), local("urn:uuid:1"), local("nonsense")) == ("#x", "urn:uuid:1", None)
