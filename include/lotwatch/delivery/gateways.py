"""The ways out of the house, as the sender uses them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from lotwatch.actions import Links, Proposal
from lotwatch.actions.warehouse import Task, Warehouse
from lotwatch.config import Words
from lotwatch.delivery.channels import Channel
from lotwatch.delivery.people import People
from lotwatch.delivery.portals import Portals
from lotwatch.delivery.words import Names, plain_names


class Erp(Protocol):
    """Writes draft purchases. Drafting the same reference again returns the first one's number."""

    def find(self, reference: str) -> str | None:
        """The number of the purchase with our reference, or None where the ERP says it has none."""

    def draft(self, order: Proposal) -> str:
        """The ERP's number of the draft. Raises SourceError (`retry` says whether later can help)."""

    def differs(self, order: Proposal) -> Words | None:
        """How the purchase of an order is another than we know it, in both languages; None: it is not. Raises SourceError."""

    def change(self, before: Proposal, after: Proposal) -> bool:
        """Make the purchase what it is to be (without lines: cancelled); False where only people can. Again: changes nothing.

        Raises SourceError; not to be tried again where the purchase is neither.
        """


class Told(Protocol):
    """What a warehouse says of a task: its own number and state, and whether it is done."""

    @property
    def number(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def done(self) -> bool: ...


class Wms(Protocol):
    """A warehouse system that can be told. Carrying out the same reference again goes on with it, and does nothing twice."""

    def carry_out(self, task: Task) -> Told:
        """Raises SourceError (`retry` says whether later can help)."""

    def look_up(self, task: Task) -> Told | None:
        """What has become of it, or None where the warehouse has never heard of it."""


@dataclass(frozen=True, slots=True)
class WarehouseGateway:
    """A warehouse system and how it is set up."""

    settings: Warehouse
    gateway: Wms


@dataclass(frozen=True, slots=True)
class Gateways:
    """All of them. `people` are the subscribers, `board_url` is where links in messages lead.

    `portals` are the suppliers', by supplier; `channels` reach people and `warehouses` are the warehouse systems, by name;
    `names` says what codes are called. `links` makes the links with which approvers answer (None: none are sent).
    """

    erp: Erp
    portals: Portals
    channels: Mapping[str, Channel]
    people: People
    board_url: str
    names: Names = plain_names
    warehouses: Mapping[str, WarehouseGateway] = field(default_factory=dict)
    links: Links | None = None
