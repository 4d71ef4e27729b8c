"""Whatever history the ledger is told, in whatever order and however often: it says what plain arithmetic says."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from lotwatch import facts, ledger
from tests.examples import examples
from tests.integration.books import EVER, Books, CountSheet, Event, EventId, Place, Position, Thing
from tests.integration.company import NOW, Company
from tests.worlds import prepared

# derandomized where CI is set, by Hypothesis itself
settings.register_profile(
    "ledger",
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
LEDGER = settings.get_profile("ledger")

HOURS = 12
SOURCES = ("wms", "erp")
THINGS = ("lot-1", "lot-2", "no lot", "serial-1", "serial-2", "no serial")
OUR_PLACES = ("DC", "DC/QC", "HOSP", "HOSP/OR", "VAN")
PLACES = (*OUR_PLACES, "SUPPLIER", "PATIENT")
OWNERS = ("own", "consigned")
STATUSES = ("unrestricted", "inspection")


# -- what may happen -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Move:
    """Some of a thing moves; owners and statuses as the places have them, where none is given."""

    thing: str
    origin: str
    destination: str
    quantity: int
    hour: int
    owners: tuple[str | None, str | None] = (None, None)
    statuses: tuple[str | None, str | None] = (None, None)
    order_line: str | None = None


@dataclass(frozen=True)
class TakeBack:
    """An earlier event of the same source is taken back, as of its own hour or of another."""

    which: int
    hour: int | None


@dataclass(frozen=True)
class Again:
    """An earlier event of the same source is told again."""

    which: int


@dataclass(frozen=True)
class Batch:
    source: str
    records: tuple[Move | TakeBack | Again, ...]


@dataclass(frozen=True)
class Count:
    """Somebody counts a thing at a place, in every status and of every owner; or opens the books of its site with it."""

    place: str
    thing: str
    found: tuple[int, int, int, int]
    hour: int
    opening: bool


@dataclass(frozen=True)
class Decide:
    """The oldest count that waits is decided."""

    approve: bool


@dataclass(frozen=True)
class TakeSnapshot:
    hour: int


Step = Batch | Count | Decide | TakeSnapshot

hours = st.integers(0, HOURS)
moves = st.builds(
    Move,
    thing=st.sampled_from(THINGS),
    origin=st.sampled_from(PLACES),
    destination=st.sampled_from(PLACES),
    quantity=st.integers(1, 5),
    hour=hours,
    owners=st.tuples(*[st.sampled_from((None, *OWNERS))] * 2),
    statuses=st.tuples(*[st.sampled_from((None, *STATUSES))] * 2),
    order_line=st.sampled_from((None, "line")),
)
back = st.builds(TakeBack, which=st.integers(0, 30), hour=st.none() | hours)
again = st.builds(Again, which=st.integers(0, 30))
batches = st.builds(
    Batch,
    source=st.sampled_from(SOURCES),
    records=st.lists(moves | moves | back | again, min_size=1, max_size=8).map(tuple),
)
counts = st.builds(
    Count,
    place=st.sampled_from(("DC", "DC/QC", "HOSP/OR")),
    thing=st.sampled_from(("lot-1", "serial-1")),
    found=st.tuples(*[st.integers(0, 6)] * 4),
    hour=hours,
    opening=st.booleans(),
)
histories = st.lists(
    batches
    | batches
    | counts
    | st.builds(Decide, st.sampled_from((True, True, False)))
    | st.builds(TakeSnapshot, hours),
    min_size=1,
    max_size=10,
)


def moment(hour: int) -> datetime:
    return NOW - timedelta(hours=HOURS - hour)


# -- a world in which it happens, in the database and in the model ---------------------------------------------------


class World:
    """Items, lots, serial numbers, sites and an order of its own in the shared database, and the model of its books."""

    numbers = count(1)

    def __init__(self, company: Company) -> None:
        self.number = next(self.numbers)
        self.prefix = f"w{self.number:04}-"
        self.company = company
        self.conn = company.conn
        self.books = Books()
        self.known_since: list[datetime] = []
        self.places = self._places()
        self.things = self._things()
        self._keys = {source: count(1) for source in SOURCES}
        self._told: dict[str, list[Event]] = {source: [] for source in SOURCES}
        self._waiting: list[tuple[int, CountSheet]] = []
        self._make_known()

    def _places(self) -> dict[str, Place]:
        dc, hosp = self.prefix + "DC", self.prefix + "HOSP"
        return {
            "DC": Place(dc, dc),
            "DC/QC": Place(dc + "/QC", dc, status="inspection"),
            "HOSP": Place(hosp, hosp),
            "HOSP/OR": Place(hosp + "/OR", hosp),
            "VAN": Place(self.prefix + "VAN"),
            "SUPPLIER": Place("SUPPLIER", ours=False),
            "PATIENT": Place("PATIENT", ours=False),
        }

    def _things(self) -> dict[str, Thing]:
        stent, pump = self.prefix + "STENT", self.prefix + "PUMP"
        return {
            "lot-1": Thing(stent, lot="lot-1"),
            "lot-2": Thing(stent, lot="lot-2"),
            "no lot": Thing(stent, missing="lot_missing"),
            "serial-1": Thing(pump, serial="serial-1"),
            "serial-2": Thing(pump, serial="serial-2"),
            "no serial": Thing(pump, missing="serial_missing"),
        }

    def _make_known(self) -> None:
        company = self.company
        for site in ("DC", "HOSP"):
            company.location(self.places[site].code, kind="site")
        company.location(self.places["DC/QC"].code, kind="bin", parent_code=self.places["DC"].code, status="inspection")
        company.location(self.places["HOSP/OR"].code, kind="department", parent_code=self.places["HOSP"].code)
        company.location(self.places["VAN"].code, kind="in_transit")
        company.item(self.prefix + "STENT")
        company.item(self.prefix + "PUMP", label_lot=False, label_serial=True)
        for thing in self.things.values():
            if not thing.missing:
                company.add("lot", item_code=thing.item, lot_number=thing.lot, serial_number=thing.serial)
        company.order_line(9, item=self.prefix + "STENT", key=self.prefix + "line", site_code=self.places["DC"].code)
        company.post()

    @property
    def step(self) -> int:
        """Number of the step that is being played."""
        return len(self.known_since)

    def play(self, step: Step) -> None:
        """One step of a history, in the database and in the model."""
        match step:
            case Batch():
                events = [event for record in step.records if (event := self._event(step, record)) is not None]
                self.tell(events)
            case Count():
                self._count(step)
            case Decide():
                self._decide(step)
            case TakeSnapshot():
                ledger.take_snapshot(self.conn, self.snapshot_moment(step.hour))
                self.conn.commit()
        row = self.conn.execute("SELECT clock_timestamp()").fetchone()
        assert row is not None
        self.known_since.append(row[0])
        self.conn.commit()

    def snapshot_moment(self, hour: int) -> datetime:
        """A moment within the hour that no other world has taken a snapshot of."""
        return moment(hour) + timedelta(microseconds=self.number)

    def _event(self, batch: Batch, record: Move | TakeBack | Again) -> Event | None:
        told = self._told[batch.source]
        match record:
            case Move():
                event = self.move(self._key(batch.source), record)
            case TakeBack() if self._can_be_taken_back(batch.source):
                originals = self._can_be_taken_back(batch.source)
                original = originals[record.which % len(originals)]
                hour = EVER if record.hour is None else record.hour
                event = Event(
                    self._key(batch.source), original.origin, original.destination, 1, hour, takes_back=original.id
                )
            case Again() if told:
                return told[record.which % len(told)]
            case _:
                return None
        told.append(event)
        return event

    def _key(self, source: str) -> EventId:
        return source, f"{self.prefix}e{next(self._keys[source]):03}"

    def _can_be_taken_back(self, source: str) -> list[Event]:
        """What a batch may take back: any movement told so far, and what was taken back in batches before."""
        return [event for event in self._told[source] if event.takes_back is None or event.id in self.books.posted]

    def move(self, event_id: EventId, move: Move) -> Event:
        """The movement, with what its places say where it does not."""
        thing = self.things[move.thing]
        origin, destination = (
            Position(thing, self.places[place], owner or "own", status or self.places[place].status)
            for place, owner, status in zip((move.origin, move.destination), move.owners, move.statuses, strict=True)
        )
        order_line = move.order_line and self.prefix + move.order_line
        return Event(event_id, origin, destination, move.quantity, move.hour, order_line)

    def tell(self, events: list[Event]) -> int:
        """Post the events of one source in one batch; return how many were new."""
        for event in events:
            self._add(event)
        posted = ledger.post_events(self.conn, self.company.stage(events[0].id[0] if events else SOURCES[0]))
        self.conn.commit()
        self.books.post(events, self.step)
        return posted["movement"]

    def _add(self, event: Event) -> None:
        occurred_at = None if event.hour == EVER else moment(event.hour)
        if event.takes_back is not None:
            row = {"kind": "reversal", "reverses_key": event.takes_back[1], "occurred_at": occurred_at}
            self.company.add("movement", event.id[1], **row)
            return
        origin, destination = event.origin, event.destination
        self.company.add(
            "movement",
            event.id[1],
            item_code=origin.thing.item,
            lot_number=origin.thing.lot,
            serial_number=origin.thing.serial,
            from_location=origin.place.code,
            to_location=destination.place.code,
            from_owner=origin.owner,
            to_owner=destination.owner,
            from_status=origin.status,
            to_status=destination.status,
            quantity=event.quantity,
            occurred_at=occurred_at,
            order_line_key=event.order_line,
        )

    def _count(self, step: Count) -> None:
        thing, place = self.things[step.thing], self.places[step.place]
        assert place.site is not None
        kinds = [Position(thing, place, owner, status) for owner in OWNERS for status in STATUSES]
        sheet_id = ("counter", f"{self.prefix}count-{self.step}")
        sheet = CountSheet(sheet_id, place.site, step.opening, dict(zip(kinds, step.found, strict=True)), step.hour)
        for position, quantity in sheet.found.items():
            self.company.add(
                "count",
                number=sheet_id[1],
                kind="opening" if step.opening else "count",
                site_code=place.site,
                location_code=place.code,
                item_code=thing.item,
                lot_number=thing.lot,
                serial_number=thing.serial,
                owner=position.owner,
                status=position.status,
                quantity=quantity,
                counted_at=moment(step.hour),
                counted_by="wendy",
            )
        ledger.post_events(self.conn, self.company.stage("counter"))
        row = self.conn.execute(
            "SELECT stocktake_id FROM lotwatch.stocktake WHERE number = %s", (sheet_id[1],)
        ).fetchone()
        assert row is not None
        self.conn.commit()
        self._waiting.append((row[0], sheet))

    def _decide(self, step: Decide) -> None:
        if not self._waiting:
            return
        stocktake_id, sheet = self._waiting.pop(0)
        ledger.decide_count(
            self.conn, stocktake_id, "approved" if step.approve else "rejected", self.company.context, decided_by="fin"
        )
        self.conn.commit()
        if step.approve:
            self.books.approve(sheet, self.step)

    def tell_everything_again(self) -> int:
        """Post every event told so far once more; return how many were new."""
        return sum(self.tell(list(told)) for told in self._told.values() if told)

    # -- what the database says of this world --

    def stock(self) -> dict[Position, int]:
        """What the view of stock shows of the moment that was set."""
        rows = self.conn.execute(_STOCK, (self.prefix + "%",)).fetchall()
        return {self._position(*row[:-1]): row[-1] for row in rows}

    def stock_at(self, hour: int, step: int = EVER) -> dict[Position, int]:
        """What was where at an hour, by what was known after a step."""
        known_at = None if step == EVER else self.known_since[step]
        facts.at(self.conn, self.snapshot_moment(hour), known_at)
        stock = self.stock()
        self.conn.commit()
        return stock

    def kept(self) -> dict[Position, int]:
        """What the kept positions say."""
        facts.live(self.conn, NOW)
        stock = self.stock()
        self.conn.commit()
        return stock

    def _position(
        self, item: str, lot: str | None, serial: str | None, place: str, owner: str, status: str
    ) -> Position:
        [thing] = [
            thing for thing in self.things.values() if (thing.item, thing.lot, thing.serial) == (item, lot, serial)
        ]
        [where] = [known for known in self.places.values() if known.code == place]
        return Position(thing, where, owner, status)

    def flags(self) -> set[tuple[EventId, str]]:
        """What was found odd about the events that other systems told."""
        rows = self.conn.execute(_FLAGS, (list(SOURCES), self.prefix + "%")).fetchall()
        self.conn.commit()
        return {((source, key), flag) for source, key, flag in rows}

    def received(self) -> dict[str, int]:
        """What came of each order line."""
        rows = self.conn.execute(
            "SELECT order_line_key, quantity FROM lotwatch.order_line_receipt WHERE order_line_key LIKE %s",
            (self.prefix + "%",),
        )
        return dict(rows.fetchall())

    def fact_rows(self) -> list[tuple]:
        """The facts of this world's items and sites, of the moment that was set."""
        rows = self.conn.execute(
            "SELECT * FROM lotwatch.fact_item_site WHERE item_code LIKE %s ORDER BY subject_key", (self.prefix + "%",)
        )
        return rows.fetchall()


_STOCK = """
    SELECT item.code, lot.number, serial_unit.number, place.code, stock.owner, stock.status, stock.quantity
    FROM lotwatch.stock AS stock
    JOIN lotwatch.item AS item ON item.item_id = stock.item_id
    JOIN lotwatch.location AS place ON place.location_id = stock.location_id
    LEFT JOIN lotwatch.lot AS lot ON lot.lot_id = stock.lot_id
    LEFT JOIN lotwatch.serial_unit AS serial_unit ON serial_unit.serial_id = stock.serial_id
    WHERE item.code LIKE %s
"""
_FLAGS = """
    SELECT movement.source, movement.source_event_id, flag.flag
    FROM lotwatch.movement_flag AS flag
    JOIN lotwatch.movement AS movement ON movement.movement_id = flag.movement_id
    WHERE movement.source = ANY(%s) AND movement.source_event_id LIKE %s
"""


@pytest.fixture
def worlds(company: Company) -> Iterator[Company]:
    """One company for all examples of a test: each makes a world of its own in it."""
    yield company
    company.conn.rollback()


# -- what must be so -------------------------------------------------------------------------------------------------


@settings(LEDGER, max_examples=examples(40))
@given(history=histories, looks=st.lists(st.tuples(hours, st.integers(0, 7)), min_size=3, max_size=3))
def test_any_history_leaves_what_arithmetic_says(
    worlds: Company, history: list[Step], looks: list[tuple[int, int]]
) -> None:
    world = World(worlds)
    flags: set[tuple[EventId, str]] = set()
    for step in history:
        world.play(step)
        assert flags <= (flags := world.flags()), "a flag was taken away"
    books = world.books
    assert world.kept() == books.stock()
    assert flags == {(event_id, flag) for event_id, flag in books.flags if event_id[0] in SOURCES}
    assert world.received() == books.received()
    for hour, look in looks:
        after = look % len(history)
        assert world.stock_at(hour) == books.stock(hour), hour
        assert world.stock_at(hour, after) == books.stock(hour, after), (hour, after)
        assert_single_quantities(world, hour, after)


def assert_single_quantities(world: World, hour: int, step: int) -> None:
    """`quantity_at` of each item and lot at the site says the same as the whole stock."""
    expected = world.books.stock(hour, step)
    for name in ("lot-1", "serial-1"):
        thing = world.things[name]
        for place in (world.places["DC"], world.places["SUPPLIER"]):
            item_id, lot_id, location_id = world.conn.execute(
                "SELECT item.item_id, lot.lot_id, location.location_id FROM lotwatch.location"
                " CROSS JOIN lotwatch.item LEFT JOIN lotwatch.lot ON lot.item_id = item.item_id AND lot.number = %s"
                " WHERE item.code = %s AND location.code = %s",
                (thing.lot, thing.item, place.code),
            ).fetchone()  # type: ignore[misc]
            known_at = world.known_since[step]
            of_item = ledger.quantity_at(world.conn, item_id, location_id, moment(hour), known_at=known_at)
            assert of_item == sum(
                quantity
                for position, quantity in expected.items()
                if position.thing.item == thing.item and position.place == place
            )
            if lot_id is not None:
                of_lot = ledger.quantity_at(
                    world.conn, item_id, location_id, moment(hour), lot_id=lot_id, known_at=known_at
                )
                assert of_lot == sum(
                    quantity
                    for position, quantity in expected.items()
                    if position.thing == thing and position.place == place
                )
    world.conn.commit()


@settings(LEDGER, max_examples=examples(25))
@given(history=histories)
def test_any_history_reconciles_and_told_again_changes_nothing(worlds: Company, history: list[Step]) -> None:
    world = World(worlds)
    for step in history:
        world.play(step)
    before = (world.kept(), world.flags(), world.received(), world.books.stock())
    assert world.tell_everything_again() == 0
    assert (world.kept(), world.flags(), world.received(), world.books.stock()) == before
    assert quantities_by_item(world.kept()) == world.books.crossed()
    differences = [difference for difference in ledger.verify(world.conn) if difference.check != "serial number"]
    assert differences == []
    assert ledger.rebuild(world.conn) == 0
    world.conn.commit()


def quantities_by_item(stock: dict[Position, int]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for position, quantity in stock.items():
        totals[position.thing.item] = totals.get(position.thing.item, 0) + quantity
    return {item: quantity for item, quantity in totals.items() if quantity}


@settings(LEDGER, max_examples=examples(25))
@given(history=histories)
def test_the_facts_shown_live_are_those_of_now(worlds: Company, history: list[Step]) -> None:
    world = World(worlds)
    for step in history:
        world.play(step)
    facts.live(world.conn, NOW)
    live = world.fact_rows()
    facts.at(world.conn, NOW)
    assert world.fact_rows() == live
    facts.at(world.conn, NOW, known_at=world.known_since[-1])
    assert world.fact_rows() == live
    world.conn.commit()


@dataclass(frozen=True)
class Telling:
    """An order in which events arrive, and where one batch ends and the next begins."""

    order: tuple[int, ...]
    cuts: frozenset[int]


@dataclass(frozen=True)
class Told:
    """Movements, which of them are taken back, and two ways of telling all that."""

    moves: tuple[Move, ...]
    taken_back: dict[int, int | None] = field(hash=False)
    tellings: tuple[Telling, Telling]


@st.composite
def told_twice(draw: st.DrawFn) -> Told:
    some = tuple(draw(st.lists(moves, min_size=1, max_size=10)))
    taken_back = draw(st.dictionaries(st.integers(0, len(some) - 1), st.none() | hours, max_size=4))
    number = len(some)
    telling = st.builds(
        Telling, order=st.permutations(range(number)).map(tuple), cuts=st.frozensets(st.integers(1, number))
    )
    return Told(some, taken_back, (draw(telling), draw(telling)))


@settings(LEDGER, max_examples=examples(25))
@given(told=told_twice(), look=hours)
def test_it_does_not_matter_in_which_order_and_batches_events_arrive(worlds: Company, told: Told, look: int) -> None:
    """What takes an event back comes with it or after it: another system cannot take back what it never told."""
    pictures = []
    for telling in told.tellings:
        world = World(worlds)
        for events in arriving(world, told, telling):
            world.tell(events)
            if len(events) == look % 5:
                ledger.take_snapshot(world.conn, world.snapshot_moment(look))
        pictures.append((named(world.kept()), named(world.stock_at(look)), sorted(world.received().values())))
    assert pictures[0] == pictures[1]


def arriving(world: World, told: Told, telling: Telling) -> Iterator[list[Event]]:
    batch: list[Event] = []
    for place, number in enumerate(telling.order):
        if place in telling.cuts and batch:
            yield batch
            batch = []
        event = world.move(("wms", f"{world.prefix}e{number}"), told.moves[number])
        batch.append(event)
        if number in told.taken_back:
            hour = told.taken_back[number]
            undo = ("wms", f"{world.prefix}undo{number}")
            batch.append(
                Event(undo, event.origin, event.destination, 1, EVER if hour is None else hour, takes_back=event.id)
            )
    yield batch


def named(stock: dict[Position, int]) -> dict[tuple[str | None, ...], int]:
    """The stock by names that do not tell in which world it is."""
    return {
        (
            position.thing.item.split("-")[1],
            position.thing.lot,
            position.thing.serial,
            position.place.code.split("-")[-1],
            position.owner,
            position.status,
        ): quantity
        for position, quantity in stock.items()
    }


# -- single histories that such a search would rarely come upon --------------------------------------------------------


@prepared
def stocked(company: Company) -> None:
    """30 of a lot at the distribution centre, and a serial number that is nowhere yet."""
    company.item()
    company.lot()
    company.item("PUMP", label_lot=False, label_serial=True, label_expiry=False)
    company.add("lot", item_code="PUMP", serial_number="SN-1")
    company.move(30, "DC", days_ago=20, key="receipt")
    company.post()


def pump(company: Company, to: str, origin: str = "SUPPLIER", days_ago: float = 1, key: str | None = None) -> None:
    company.move(1, to, origin, item="PUMP", lot=None, serial_number="SN-1", days_ago=days_ago, key=key)


def counted(company: Company, days_ago: float = 2, **found: int) -> int:
    """Somebody counted the lot some days ago, at places by name; return the number of the count."""
    for place, quantity in found.items():
        company.add(
            "count", number=f"C-{days_ago}", kind="count", site_code="DC", location_code=place, item_code="I1", lot_number="L1",
            quantity=quantity, counted_at=NOW - timedelta(days=days_ago), counted_by="wendy",
        )  # fmt: skip
    company.post()
    row = company.conn.execute("SELECT max(stocktake_id) FROM lotwatch.stocktake").fetchone()
    assert row is not None
    return int(row[0])


def facts_of(
    company: Company, columns: str, item: str = "I1", days_ago: float = 0, *, live: bool = False
) -> tuple | None:
    show = facts.live if live else facts.at
    show(company.conn, NOW - timedelta(days=days_ago))
    statement = sql.SQL("SELECT {} FROM lotwatch.fact_item_site WHERE item_code = %s AND site_code = 'DC'")
    row = company.conn.execute(statement.format(sql.SQL(columns)), (item,)).fetchone()
    company.conn.commit()
    return row


def test_a_reversal_may_itself_be_taken_back(stocked: Company) -> None:
    for key, original in (("undo", "receipt"), ("redo", "undo"), ("undo again", "redo")):
        stocked.add("movement", key, kind="reversal", reverses_key=original)
        stocked.post()
    assert stocked.position("DC") == 0
    assert ledger.verify(stocked.conn) == []


def test_a_batch_may_take_back_what_it_takes_back(stocked: Company) -> None:
    stocked.add("movement", "redo", kind="reversal", reverses_key="undo")
    stocked.add("movement", "undo", kind="reversal", reverses_key="receipt")
    stocked.post()
    assert stocked.position("DC") == 30


def test_an_older_count_that_is_approved_later_does_not_undo_the_newer_one(stocked: Company) -> None:
    counts = [counted(stocked, days_ago=days_ago, DC=quantity) for days_ago, quantity in ((2, 27), (6, 29))]
    for stocktake in counts:
        ledger.decide_count(stocked.conn, stocktake, "approved", stocked.context, decided_by="fin")
    stocked.move(2, "HOSP/OR", "DC", days_ago=4, key="between the two")
    stocked.post()
    assert (stocked.position("DC"), stocked.position("HOSP/OR")) == (27, 2)
    assert facts_of(stocked, "physical", live=True) == facts_of(stocked, "physical") == (27,)
    assert facts_of(stocked, "physical", days_ago=5) == (30,)  # an older count is not told to the past any more


def test_a_count_of_the_good_ones_says_nothing_of_the_blocked_ones(stocked: Company) -> None:
    """Nobody listed what was blocked; three were blocked before the count, which is told only now."""
    stocktake = counted(stocked, DC=27)
    ledger.decide_count(stocked.conn, stocktake, "approved", stocked.context, decided_by="fin")
    stocked.move(3, "DC", "DC", to_status="blocked", days_ago=3, key="blocked before")
    stocked.post()
    assert facts_of(stocked, "available, physical", live=True) == (27, 30)


def test_a_count_read_again_replaces_itself(stocked: Company) -> None:
    """The bin was listed by mistake: nobody counted there, and 6 have been there all along."""
    stocked.move(6, "DC/QC", days_ago=20)
    counted(stocked, **{"DC": 30, "DC/QC": 0})
    stocktake = counted(stocked, DC=30)
    ledger.decide_count(stocked.conn, stocktake, "approved", stocked.context, decided_by="fin")
    assert stocked.position("DC/QC") == 6


def test_a_serial_number_whose_lot_is_told_later_leaves_from_where_it_is(stocked: Company) -> None:
    pump(stocked, "DC", days_ago=9)
    stocked.post()
    stocked.add("lot", item_code="PUMP", serial_number="SN-1", lot_number="P1")
    pump(stocked, "PATIENT", "DC", days_ago=2)
    stocked.post()
    assert stocked.position("DC", "PUMP") == 0
    assert facts_of(stocked, "physical, in_conflict", "PUMP", live=True) is None
    assert facts_of(stocked, "physical, in_conflict", "PUMP") is None


def test_a_serial_number_that_came_twice_is_not_two_usable_units(stocked: Company) -> None:
    pump(stocked, "DC", days_ago=9, key="receipt as the ERP tells it")
    stocked.post("erp")
    pump(stocked, "DC/QC", days_ago=8, key="receipt as the WMS tells it")
    pump(stocked, "HOSP", days_ago=8, key="and as the hospital does")
    stocked.post("wms")
    assert facts_of(stocked, "physical, available", "PUMP", live=True) == (2, 0)


@pytest.mark.parametrize(
    "use_first",
    [True, False],
)
def test_a_conflict_of_the_past_does_not_depend_on_what_was_told_first(stocked: Company, use_first: bool) -> None:
    """It was used two days before it was received: between the two, nobody knew where it was."""
    tell = [lambda: pump(stocked, "PATIENT", "DC", days_ago=9), lambda: pump(stocked, "DC", days_ago=7)]
    for told in tell if use_first else reversed(tell):
        told()
        stocked.post()
    facts.at(stocked.conn, NOW - timedelta(days=8))
    assert stocked.conn.execute("SELECT count(*) FROM lotwatch.serial_conflict").fetchone() == (1,)


@pytest.mark.xfail(strict=True, reason="order line keys are taken to be unique among all systems")
def test_a_receipt_counts_for_the_order_line_of_its_own_system(stocked: Company) -> None:
    for source in ("erp", "the hospital's erp"):
        stocked.order_line(100, key="1")
        stocked.post(source)
    stocked.move(40, "DC", order_line_key="1")
    stocked.post("erp")
    assert facts_of(stocked, "on_order", live=True) == (160,)
