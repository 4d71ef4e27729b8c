"""The ways out of the house, as the sender uses them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from lotwatch.actions import Links, Proposal
from lotwatch.actions.warehouse import Task, Warehouse
from lotwatch.delivery import portal
from lotwatch.delivery.mail import Message
from lotwatch.delivery.people import People


class Erp(Protocol):
    """Writes draft purchases. Drafting the same reference again returns the first one's number."""

    def find(self, reference: str) -> str | None:
        """The number of the purchase with our reference, or None where the ERP says it has none."""

    def draft(self, order: Proposal) -> str:
        """The ERP's number of the draft. Raises SourceError (`retry` says whether later can help)."""


class Portal(Protocol):
    """See `lotwatch.delivery.portal.PortalClient`."""

    def send_order(self, order: portal.Order, idempotency_key: str) -> portal.Confirmation: ...

    def find_order(self, reference: str) -> portal.Confirmation | None: ...


class Mail(Protocol):
    """See `lotwatch.delivery.mail.MailClient`."""

    def send(self, message: Message) -> str: ...


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
    """All of them. `people` answers the addresses of a role, `board_url` is where links in messages lead.

    `warehouses` are the warehouse systems by name. `links` makes the links with which approvers answer (None: none are sent).
    """

    erp: Erp
    portal: Portal
    mail: Mail
    people: People
    board_url: str
    warehouses: Mapping[str, WarehouseGateway] = field(default_factory=dict)
    links: Links | None = None
