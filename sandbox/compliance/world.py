"""What the regulator publishes: recalls in openFDA's shape and device records in GUDID's, invented around the trial company.

Pure: the same day, data and seed give the same. Two thirds of the recalls concern devices and lots that the trial company
has, in the styles in which firms really write down which (`code_info`); the rest concern others. Those of one firm
share an event, two are only in the recall database yet, two only in the old reports. A few device records contradict the item master.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sandbox.tryton.company import make_world
from sandbox.tryton.world import Device

Record = dict[str, Any]

_STYLES: tuple[Callable[[Device, list[str]], str], ...] = (
    lambda device, lots: f"Lot Numbers: {', '.join(lots)}",
    lambda device, lots: f"UDI-DI: {device.udi_di}; Lots {'; '.join(lots)}",
    lambda device, lots: f"REF {catalogue_number(device)}: Lots {', '.join(lots[:-1])} and {lots[-1]}",
    lambda device, lots: "Lot Number/Expiration Date:   " + ";   ".join(
        f"{place}) {lot}/Expiration Date 05/30/2029" for place, lot in enumerate(lots, 1)
    ),
    lambda device, lots: f"Lot # {lots[0]}  USE BY: 9/2028",
    lambda device, lots: f"Lots {lots[0]} through {lots[-1]}, inclusive",
    lambda device, lots: " ".join(f"(01){device.udi_di}(10){lot}" for lot in lots),
    lambda device, lots: f"All lots of REF {catalogue_number(device)}. UDI: {device.udi_di}",
    lambda device, lots: f"LOT/BATCH: {' / '.join(f'{lot[:5]} {lot[5:]}'.lower() for lot in lots)}",
    lambda device, lots: f"**Recall expanded to add additional lot numbers highlighted with \"**\": {', **'.join(lots)}",
    lambda device, lots: f"Model {catalogue_number(device)}; all units manufactured between 01/2025 and 12/2025",
    lambda device, lots: f"Item #: {catalogue_number(device)}; lot no. {', '.join(lots[:2])}, and others ending in X",
)  # fmt: skip
_REASONS = (
    ("The seal between the balloon and the housing may leak.", "Process control"),
    ("Sterility cannot be assured: the pouch seal may be incomplete.", "Packaging process control"),
    ("The label states a wrong expiration date.", "Labeling mix-ups"),
    ("The connector may crack during use.", "Device Design"),
    ("Particulate matter was found inside the package.", "Nonconforming Material/Component"),
)
_ACTIONS = (
    "Consignees were asked to stop using the product, quarantine it and return it to the firm.",
    "The firm sent an urgent field safety notice. Customers are to inspect their stock and destroy affected lots.",
    "Customers were informed by letter and are to update the labeling; the product may continue to be used.",
    "An Urgent: Medical Device Correction letter was sent; a representative will correct affected units on site.",
)
_OTHERS = (
    ("Pennyroyal Orthotics Inc.", "Universal aluminum crutch, 1 pair per case", "Item #: RTL 10433"),
    ("Quillstone Biomedical", "Dose calibrator software 2.0.00 through 2.0.08, Model 086-330", "Serial Number range:17081557-21062362"),
    ("Ravenscar Diagnostics LLC", "hCG controls kit, Part 5011, IVD", "Lot/Codes: KN165 (exp. 2027-09), KN169 (exp. 2027-10)"),
    ("Sallowfield Surgical Corp.", "Surgical instrument tray, REF 6250R1, STERILE", "Lot Number 1530330, Exp. Date November 2027"),
    ("Tamarisk Respiratory", "Breathing circuit filter, REF BB50T and BB50T-BULK", "REF BB50T: Lots 326902, 402802;   REF BB50T-BULK: Lots 228702"),
    ("Umberleigh Perfusion Inc", "Blood reservoir; Models: BB14 and BB14NS", "BB14 Lot Numbers: 5290-S19785, **5290-S19925; BB14NS Lot Numbers: 17062201"),
)  # fmt: skip
_OF_OURS, _OF_OTHERS = 28, 14


@dataclass
class Published:
    """What can be asked for, by number or identifier; `earlier` is what it said before it was last changed."""

    renewed: date
    enforcement: dict[str, Record] = field(default_factory=dict)
    event: dict[str, Record] = field(default_factory=dict)
    recall: dict[str, Record] = field(default_factory=dict)
    devices: dict[str, Record] = field(default_factory=dict)
    earlier: dict[str, dict[str, Record]] = field(
        default_factory=lambda: {"enforcement": {}, "recall": {}, "event": {}}
    )

    def change(self, endpoint: str, number: str, **fields: Any) -> None:
        """Let a record say something else from now on."""
        records: dict[str, Record] = getattr(self, endpoint)
        self.earlier[endpoint][number] = records[number]
        records[number] = records[number] | fields

    def report(self, key: str, device: Device, lot: str, event_type: str, received: date) -> None:
        """An adverse event with a device."""
        self.event[key] = {
            "mdr_report_key": key,
            "report_number": f"1234567-{received.year}-{key}",
            "event_type": event_type,
            "date_received": f"{received:%Y%m%d}",
            "date_of_event": f"{received - timedelta(days=9):%Y%m%d}",
            "device": [
                {
                    "device_sequence_number": "1",
                    "brand_name": device.name,
                    "catalog_number": catalogue_number(device),
                    "lot_number": lot,
                    "udi_di": device.udi_di,
                    "manufacturer_d_name": device.legal_manufacturer.upper(),
                }
            ],
            "mdr_text": [
                {"text_type_code": "Description of Event or Problem", "text": "IT WAS REPORTED THAT IT LEAKED."}
            ],
        }


def publish(today: date, data: Path | None = None, random_seed: int = 7) -> Published:
    """What the regulator has published as of `today` about the trial company's world and others."""
    world = make_world(today, data)
    random = Random(random_seed)
    published = Published(today)
    devices = [device for device in world.devices.values() if device.code and device.label]
    lots: dict[str, list[str]] = {}
    for lot in world.lots:
        lots.setdefault(lot.device, []).append(lot.number.partition("/")[0])
    known = [device for device in devices if len(set(lots.get(device.key, ()))) >= 2]
    for place, device in enumerate(random.sample(known, min(_OF_OURS, len(known)))):
        numbers = sorted(set(lots[device.key]))[-4:]
        _add(
            published,
            random,
            place,
            device.legal_manufacturer,
            device.name,
            _STYLES[place % len(_STYLES)](device, numbers),
        )
    for place in range(_OF_OTHERS):
        firm, product, code_info = _OTHERS[place % len(_OTHERS)]
        _add(published, random, _OF_OURS + place, firm, f"{product} ({place + 1})", code_info)
    _leave_out(published)
    for place, device in enumerate(known[:6]):
        named = max(lots[device.key]) if place % 3 else "UNKNOWN"
        kind = ("Malfunction", "Injury")[place % 2]
        published.report(str(70001 + place), device, named, kind, today - timedelta(days=5 * place + 3))
    published.devices = {device.udi_di: _device(device, place) for place, device in enumerate(devices)}
    return published


def catalogue_number(device: Device) -> str:
    """The maker's own number of a device of the trial company."""
    initials = "".join(word[0] for word in device.legal_manufacturer.split()[:2]).upper()
    return f"{initials}-{device.key[-4:]}"


def _add(published: Published, random: Random, place: int, firm: str, product: str, code_info: str) -> None:
    initiated = published.renewed - timedelta(days=20 + 11 * place)
    posted = initiated + timedelta(days=12)
    number = f"Z-{1000 + place:04}-{posted.year}"
    same = (each for each in published.enforcement.values() if each["recalling_firm"] == firm)
    event = next(same, {"event_id": str(90001 + place)})["event_id"]
    ended = place % 5 == 4
    reason, cause = random.choice(_REASONS)
    action = random.choice(_ACTIONS)
    split = len(code_info) > 60 and place % 4 == 1
    shared = {
        "product_description": f"{product}, Rx ONLY",
        "reason_for_recall": reason,
        "product_quantity": f"{random.randint(12, 24000):,} units",
        "distribution_pattern": "Worldwide distribution - US Nationwide and the countries of Germany, China, Canada.",
        "recalling_firm": firm,
        "address_1": "1 Harbor Park Dr",
        "city": "Port Washington",
        "state": "NY",
        "postal_code": "11050",
    }
    published.enforcement[number] = {
        **shared,
        "country": "United States",
        "address_2": "",
        "code_info": code_info[:48] if split else code_info,
        "more_code_info": code_info[48:] if split else None,
        "center_classification_date": f"{posted + timedelta(days=5):%Y%m%d}",
        "classification": ("Class I", "Class II", "Class II", "Class III")[place % 4],
        "recall_number": number,
        "report_date": f"{posted + timedelta(days=7):%Y%m%d}",
        "initial_firm_notification": "Letter",
        "product_type": "Devices",
        "event_id": event,
        "termination_date": f"{published.renewed - timedelta(days=3):%Y%m%d}" if ended else "",
        "recall_initiation_date": f"{initiated:%Y%m%d}",
        "voluntary_mandated": "Voluntary: Firm initiated",
        "status": "Terminated" if ended else "Ongoing",
        "openfda": {},
    }
    published.recall[number] = {
        **shared,
        "cfres_id": str(180000 + place),
        "product_res_number": number,
        "res_event_number": event,
        "event_date_initiated": initiated.isoformat(),
        "event_date_created": posted.isoformat(),
        "event_date_posted": posted.isoformat(),
        "event_date_terminated": (published.renewed - timedelta(days=3)).isoformat() if ended else None,
        "recall_status": "Terminated" if ended else "Open, Classified",
        "product_code": random.choice(("FPA", "FMF", "GBM", "BTR", "DQX", "MAF", "HWC")),
        "k_numbers": [f"K{random.randint(100000, 259999)}"],
        "other_submission_description": "",
        "root_cause_description": cause,
        "action": action,
        "code_info": code_info,
        "firm_fei_number": str(3000000000 + place),
        "openfda": {"device_class": "2", "device_name": product, "regulation_number": "880.5200"},
    }


def _leave_out(published: Published) -> None:
    """The newest two are not classified yet, and the oldest two never came into the recall database."""
    numbers = sorted(published.recall, key=lambda number: published.recall[number]["event_date_posted"])
    for number in numbers[-2:]:
        del published.enforcement[number]
        published.recall[number]["recall_status"] = "Open"
    for number in numbers[:2]:
        del published.recall[number]


def _device(device: Device, place: int) -> Record:
    """A record of GUDID, as its look-up answers; each 23rd says of the label what the item master does not."""
    assert device.label is not None  # noqa: S101  # only labelled devices have records
    contradicts = place % 23 == 22
    return {
        "gudid": {
            "device": {
                "publicDeviceRecordKey": f"00000000-0000-4000-8000-{place:012}",
                "publicVersionStatus": "Update",
                "deviceRecordStatus": "Published",
                "publicVersionNumber": 2,
                "publicVersionDate": "2025-03-04",
                "devicePublishDate": "2021-06-01",
                "deviceCommDistributionEndDate": "2025-12-31" if place % 31 == 30 else None,
                "deviceCommDistributionStatus": "Not in Commercial Distribution"
                if place % 31 == 30
                else "In Commercial Distribution",
                "identifiers": {"identifier": list(_identifiers(device))},
                "brandName": device.name.split()[0],
                "versionModelNumber": device.name,
                "catalogNumber": catalogue_number(device),
                "dunsNumber": "000000000",
                "companyName": device.legal_manufacturer,
                "deviceCount": 1,
                "deviceDescription": device.name,
                "productCodes": {"fdaProductCode": [{"productCode": "FPA", "productCodeName": device.category}]},
                "gmdnTerms": {
                    "gmdn": [
                        {"gmdnCode": str(35000 + place // 8), "gmdnPTName": device.category, "gmdnPTDefinition": ""}
                    ]
                },
                "singleUse": True,
                "lotBatch": device.label.lot != contradicts,
                "serialNumber": device.label.serial,
                "manufacturingDate": False,
                "expirationDate": device.label.expiry,
                "rx": True,
                "otc": False,
            }
        },
        "productCodes": [{"productCode": "FPA", "deviceClass": "2"}],
    }


def _identifiers(device: Device) -> Iterator[Record]:
    yield {
        "deviceId": device.udi_di,
        "deviceIdType": "Primary",
        "deviceIdIssuingAgency": "GS1",
        "containsDINumber": None,
        "pkgQuantity": None,
        "pkgDiscontinueDate": None,
        "pkgStatus": None,
        "pkgType": None,
    }
    if device.purchase_unit == "box":
        yield {
            "deviceId": _packed(device.udi_di),
            "deviceIdType": "Package",
            "deviceIdIssuingAgency": "GS1",
            "containsDINumber": device.udi_di,
            "pkgQuantity": 10,
            "pkgDiscontinueDate": None,
            "pkgStatus": "In Commercial Distribution",
            "pkgType": "Box",
        }


def _packed(udi_di: str) -> str:
    from sandbox.tryton.catalogue import with_check_digit

    return with_check_digit(f"1{udi_di[1:-1]}")
