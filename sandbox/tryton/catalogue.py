"""Devices, suppliers and places of the trial company: invented, or with `data` drawn from public device records."""

import csv
import gzip
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from sandbox.tryton.world import Agreement, Device, Label, Place, Site, Supplier, World

DEVICES_FILE = "gudid_devices_25k.csv.gz"
DELIVERIES_FILE = "scms_deliveries.csv.gz"
VARIANTS = 8

LOT_EXPIRY = Label(lot=True, serial=False, expiry=True)
LOT_SERIAL_EXPIRY = Label(lot=True, serial=True, expiry=True)
SERIAL_ONLY = Label(lot=False, serial=True, expiry=False)


@dataclass(frozen=True, slots=True)
class Family:
    """Devices alike but for their size. Cost in EUR per unit, use in units a week and department."""

    name: str
    sizes: tuple[str, ...]
    category: str
    device_class: str
    criticality: str
    label: Label
    cost: str
    weekly_use: float
    departments: tuple[str, ...]
    shelf_days: int
    cold: bool = False
    boxed: bool = False


FRENCH = tuple(f"{n} Fr" for n in (6, 8, 10, 12, 14, 16, 18, 20))
GAUGE = tuple(f"{n} G" for n in (14, 16, 17, 18, 20, 22, 24, 26))
MILLIMETRES = tuple(f"{n} mm" for n in (20, 24, 28, 32, 36, 40, 44, 48))
SIZES = tuple(f"size {n}" for n in range(1, 9))
VOLUMES = tuple(f"{n} ml" for n in (1, 2, 5, 10, 20, 30, 50, 100))

FAMILIES = (
    Family("Cannuline IV catheter", GAUGE, "Intravenous catheter", "IIa", "critical", LOT_EXPIRY, "1.35", 40, ("WARD", "ICU"), 1500, boxed=True),
    Family("Plungera syringe", VOLUMES, "Syringe", "I", "standard", LOT_EXPIRY, "0.22", 70, ("WARD", "ICU"), 1800),
    Family("Softflo urinary catheter", FRENCH, "Urinary catheter", "IIa", "standard", LOT_EXPIRY, "3.10", 14, ("WARD", "OR"), 1500),
    Family("Clearpath tracheal tube", SIZES, "Tracheal tube", "IIa", "life_supporting", LOT_EXPIRY, "4.80", 9, ("ICU", "OR"), 1400),
    Family("Aspira suction catheter", FRENCH, "Suction catheter", "IIa", "critical", LOT_EXPIRY, "0.90", 22, ("ICU", "OR"), 1500),
    Family("Trilume central venous set", SIZES, "Central venous catheter set", "III", "life_supporting", LOT_EXPIRY, "38.00", 5, ("ICU", "OR"), 900),
    Family("Dermasafe foam dressing", SIZES, "Wound dressing", "IIb", "standard", LOT_EXPIRY, "5.60", 18, ("WARD",), 1100),
    Family("Coagstat haemostatic pad", SIZES, "Haemostatic agent", "III", "critical", LOT_EXPIRY, "64.00", 3, ("OR", "CATH"), 720),
    Family("Threadwell suture", tuple(f"USP {n}" for n in ("5-0", "4-0", "3-0", "2-0", "0", "1", "2", "3")), "Absorbable suture", "III", "standard", LOT_EXPIRY, "2.70", 26, ("OR",), 1500),
    Family("Flexmend hernia mesh", SIZES, "Surgical mesh", "III", "standard", LOT_EXPIRY, "145.00", 1.2, ("OR",), 1400),
    Family("Navitrace guidewire", MILLIMETRES, "Vascular guidewire", "III", "critical", LOT_EXPIRY, "52.00", 4, ("CATH",), 1000),
    Family("Dilatex balloon catheter", MILLIMETRES, "Angioplasty balloon", "III", "critical", LOT_EXPIRY, "210.00", 1.6, ("CATH",), 720),
    Family("Sheathguard introducer", FRENCH, "Catheter introducer", "IIa", "critical", LOT_EXPIRY, "24.00", 6, ("CATH",), 1000),
    Family("Gaslab blood-gas cartridge", SIZES, "Blood-gas cartridge", "IIb", "life_supporting", LOT_EXPIRY, "9.40", 12, ("ICU",), 240, cold=True),
    Family("Glucopoint test strips", SIZES, "Glucose test strip", "IIb", "standard", LOT_EXPIRY, "12.00", 15, ("WARD",), 450),
    Family("Infusal pump set", SIZES, "Infusion set", "IIa", "critical", LOT_EXPIRY, "3.90", 32, ("WARD", "ICU"), 1500),
    Family("Ventcirc breathing circuit", SIZES, "Breathing circuit", "IIa", "life_supporting", LOT_EXPIRY, "16.50", 7, ("ICU", "OR"), 1600),
    Family("Dialex dialyser", SIZES, "Haemodialyser", "IIb", "life_supporting", LOT_EXPIRY, "19.00", 8, ("ICU",), 1000),
    Family("Osteofix screw", MILLIMETRES, "Bone screw", "IIb", "standard", LOT_EXPIRY, "33.00", 4, ("OR",), 1800),
    Family("Fixtape adhesive", SIZES, "Fixation tape", "I", "standard", LOT_EXPIRY, "1.80", 12, ("WARD",), 1500),
    Family("Stentra coronary stent", MILLIMETRES, "Coronary stent", "III", "life_supporting", LOT_SERIAL_EXPIRY, "690.00", 0.45, ("CATH",), 720),
    Family("Hipra femoral stem", SIZES, "Femoral stem", "III", "standard", LOT_SERIAL_EXPIRY, "980.00", 0.25, ("OR",), 1800),
    Family("Kneeva tibial tray", SIZES, "Tibial tray", "III", "standard", LOT_SERIAL_EXPIRY, "860.00", 0.25, ("OR",), 1800),
    Family("Oculens intraocular lens", tuple(f"{n}.0 D" for n in range(15, 23)), "Intraocular lens", "IIb", "standard", LOT_SERIAL_EXPIRY, "120.00", 0.5, ("OR",), 1000),
    Family("Infusal pump", SIZES, "Infusion pump", "IIb", "life_supporting", SERIAL_ONLY, "1450.00", 0.06, ("ICU", "WARD"), 0),
)  # fmt: skip

SUPPLIER_NAMES = (
    "Aldermoor Medical", "Brightwater Devices", "Calder & Finch", "Dunmere Surgical", "Eastbrook Supply",
    "Fenwick Hollow", "Glasswing Medtech", "Harbourlight Care", "Ironwood Implants", "Juniper Lane Health",
    "Kestrelford Clinical", "Larkspur Vascular",
)  # fmt: skip
INVENTED_LEAD_DAYS = (7, 10, 14, 14, 18, 21, 21, 28, 30, 35, 42, 56)
INVENTED_LATENESS = (0,) * 70 + (-1,) * 8 + (1, 2, 2, 3, 4, 5, 6, 7, 9, 12, 15, 21)
LEAD_DAYS_RANGE = (5, 84)
MANUFACTURERS = (
    "Aldermoor Medical GmbH", "Brightwater Devices Ltd", "Dunmere Surgical AG", "Glasswing Medtech SA",
    "Harbourlight Care BV", "Ironwood Implants GmbH", "Larkspur Vascular SpA",
)  # fmt: skip

SITES = (
    Site("DC-N", "North Distribution Centre", "NORTH"),
    Site("DC-S", "South Distribution Centre", "SOUTH"),
    Site("H-N1", "Lindenmere General Hospital", "NORTH", "DC-N"),
    Site("H-N2", "Kestrel Bay Hospital", "NORTH", "DC-N"),
    Site("H-S1", "Thornwick University Hospital", "SOUTH", "DC-S"),
    Site("H-S2", "Oaken Reach Clinic", "SOUTH", "DC-S"),
)
DEPARTMENTS = {"OR": "Operating theatres", "ICU": "Intensive care", "CATH": "Catheter laboratory", "WARD": "Wards"}
SUPPLIER_PLACE, PATIENT_PLACE, TRANSIT_PLACE, COUNT_PLACE, WASTE_PLACE = "SUP", "CUS", "TRANSIT", "COUNT", "WASTE"
DC_BINS = 10


def fill(world: World, random: Random, data: Path | None) -> None:
    """Add sites, places, suppliers, devices and agreements to an empty world."""
    world.sites = list(SITES)
    world.places = list(places())
    world.suppliers = list(suppliers(data))
    for device in devices(random, world.today, data):
        world.devices[device.key] = device
    world.agreements = list(agreements(world, random))


def places() -> Iterator[Place]:
    """The location tree, parents before children: regions as views, sites as warehouses, departments and bins."""
    yield Place(SUPPLIER_PLACE, "Suppliers", "supplier")
    yield Place(PATIENT_PLACE, "Patient use", "customer")
    yield Place(TRANSIT_PLACE, "In transit", "storage")
    yield Place(COUNT_PLACE, "Count differences", "lost_found")
    yield Place(WASTE_PLACE, "Scrap", "lost_found")
    for region in ("NORTH", "SOUTH"):
        yield Place(region, f"{region.title()} region", "view")
    for site in SITES:
        yield from site_places(site)


def site_places(site: Site) -> Iterator[Place]:
    """A warehouse's zones, then bins (distribution centre) or departments and their bins (hospital)."""
    yield Place(site.code, site.name, "warehouse", site.region)
    for zone, name in (("IN", "Goods in"), ("OUT", "Goods out"), ("STO", "Store")):
        yield Place(f"{site.code}-{zone}", name, "storage", site.code)
    yield Place(f"{site.code}-BLOCKED", "Blocked", "storage", site.code)
    store = f"{site.code}-STO"
    if site.supplied_by is None:
        for number in range(1, DC_BINS + 1):
            yield Place(f"{site.code}-A{number:02}", f"Aisle A, bay {number}", "storage", store)
        yield Place(f"{site.code}-INSP", "Inspection", "storage", site.code)
        return
    for department, name in DEPARTMENTS.items():
        yield Place(f"{site.code}-{department}", name, "storage", store)
        for bin_name in ("1", "2"):
            code = f"{site.code}-{department}-{bin_name}"
            yield Place(code, f"{name}, cupboard {bin_name}", "storage", f"{site.code}-{department}")
    yield Place(f"{site.code}-LOANER", "Loaner sets", "storage", store)
    yield Place(f"{site.code}-CONS", "Consignment cabinet", "supplier", store, consignment_supplier="SUP-09")


def suppliers(data: Path | None) -> Iterator[Supplier]:
    """Twelve suppliers with their promised lead time and how late they tend to be."""
    past = list(deliveries(data)) if data else []
    for number, name in enumerate(SUPPLIER_NAMES, start=1):
        lead, lateness = past[number - 1] if past else (INVENTED_LEAD_DAYS[number - 1], INVENTED_LATENESS)
        mailbox = name.lower().replace(" & ", "-").replace(" ", "-")
        yield Supplier(f"SUP-{number:02}", name, f"orders@{mailbox}.example", lead, lateness)


def deliveries(data: Path) -> Iterator[tuple[int, tuple[int, ...]]]:
    """(promised lead time, lateness of each delivery) of the vendors with most deliveries, in days."""
    by_vendor: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    with gzip.open(data / DELIVERIES_FILE, "rt", encoding="utf-8", errors="replace") as file:
        for row in csv.DictReader(file):
            sent, due, delivered = (
                parse_date(row[name])
                for name in ("PO Sent to Vendor Date", "Scheduled Delivery Date", "Delivered to Client Date")
            )
            if sent and due and delivered and (due - sent).days > 0:
                by_vendor[row["Vendor"]].append(((due - sent).days, (delivered - due).days))
    most = sorted(by_vendor.items(), key=lambda vendor: (-len(vendor[1]), vendor[0]))[: len(SUPPLIER_NAMES)]
    low, high = LEAD_DAYS_RANGE
    for _, past in most:
        promised = sorted(lead for lead, _ in past)[len(past) // 2]
        yield min(max(promised, low), high), tuple(min(max(late, -5), 45) for _, late in past)


def parse_date(text: str) -> date | None:
    """A date of the delivery file, in either of its two forms; None for its remarks ("Date Not Captured")."""
    for form in ("%d-%b-%y", "%m/%d/%y"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 (a plain date, no zone in it)
        except ValueError:
            continue
    return None


def devices(random: Random, today: date, data: Path | None) -> Iterator[Device]:
    """Two hundred devices, eight of each family; with data, named and labelled as real ones of the same label."""
    real = real_devices(random, data) if data else None
    for number, (family, size) in enumerate(((f, s) for f in FAMILIES for s in f.sizes[:VARIANTS]), start=1):
        code = f"MD-{number:04}"
        name, category, maker = f"{family.name} {size}", family.category, random.choice(MANUFACTURERS)
        udi_di = with_check_digit(f"0405321{number:06}")
        if real:
            name, category, maker, udi_di = real[family.label.lot, family.label.serial].pop()
        yield Device(
            key=code,
            code=code,
            name=name,
            category=category,
            legal_manufacturer=maker,
            udi_di=udi_di,
            device_class=family.device_class,
            criticality=family.criticality,
            label=family.label,
            cost=(Decimal(family.cost) * Decimal(random.randint(85, 125)) / 100).quantize(Decimal("0.0001")),
            storage_c=(Decimal(2), Decimal(8)) if family.cold else (Decimal(5), Decimal(30)),
            registration_number=f"REG-{20000 + number}",
            registration_through=today + timedelta(days=random.randint(120, 1600)),
            order_multiple=10 if family.boxed else random.choice((1, 1, 5)) if family.weekly_use >= 5 else 1,
            shelf_days=family.shelf_days,
            purchase_unit="box" if family.boxed else "unit",
        )


def family_of(device: Device) -> Family:
    """The family a device of the catalogue was made from."""
    return FAMILIES[(int(device.key.removeprefix("MD-")) - 1) // VARIANTS]


def real_devices(random: Random, data: Path) -> dict[tuple[bool, bool], list[tuple[str, str, str, str]]]:
    """(label has lot, label has serial) -> (name, category, legal manufacturer, UDI-DI), at most twelve of a company."""
    with gzip.open(data / DEVICES_FILE, "rt", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["agency"] == "GS1" and is_gtin(row["primary_di"])]
    random.shuffle(rows)
    found: defaultdict[tuple[bool, bool], list[tuple[str, str, str, str]]] = defaultdict(list)
    of_company: Counter[str] = Counter()
    for row in rows:
        lot, serial, expiry = (row[name] == "true" for name in ("lot", "serial", "exp"))
        of_company[row["company"]] += 1
        if of_company[row["company"]] <= 12 and expiry == lot:
            name = f"{row['brand']} {row['description'] or row['version_model']}".strip()[:120]
            found[lot, serial].append((name, row["gmdn"] or "Medical device", row["company"], row["primary_di"]))
    return found


def check_digit(body: str) -> str:
    """GS1's check digit over the digits before it: weights 3 and 1 from the right."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return str(-total % 10)


def with_check_digit(body: str) -> str:
    """A GTIN-14 from its first thirteen digits."""
    return body + check_digit(body)


def is_gtin(code: str) -> bool:
    """Whether a code is a GTIN-14 with the right check digit."""
    return len(code) == 14 and code.isdigit() and check_digit(code[:-1]) == code[-1]


def agreements(world: World, random: Random) -> Iterator[Agreement]:
    """One supplier for each device, chosen by family so that an order has several lines; a second one for some."""
    for number, device in enumerate(world.devices.values()):
        first = (number // VARIANTS) % len(world.suppliers)
        chosen = [first] if random.random() < 0.85 else [first, (first + 5) % len(world.suppliers)]
        for place, position in enumerate(chosen):
            supplier = world.suppliers[position]
            price = (device.cost * Decimal(random.randint(96, 100) + 6 * place) / 100).quantize(Decimal("0.0001"))
            minimum = device.order_multiple * random.choice((1, 1, 2, 4))
            yield Agreement(supplier.code, device.key, price, minimum, supplier.lead_days + random.randint(0, 3))
