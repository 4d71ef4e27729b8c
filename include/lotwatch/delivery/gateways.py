"""The ways out of the house, as the sender uses them."""

from dataclasses import dataclass
from typing import Protocol

from lotwatch.actions import Order
from lotwatch.delivery import portal
from lotwatch.delivery.mail import Message
from lotwatch.delivery.people import People


class Erp(Protocol):
    """Writes draft purchases. Drafting the same reference again returns the first one's number."""

    def find(self, reference: str) -> str | None:
        """The number of the purchase with our reference, or None where the ERP says it has none."""

    def draft(self, order: Order) -> str:
        """The ERP's number of the draft. Raises SourceError (`retry` says whether later can help)."""


class Portal(Protocol):
    """See `lotwatch.delivery.portal.PortalClient`."""

    def send_order(self, order: portal.Order, idempotency_key: str) -> portal.Confirmation: ...

    def find_order(self, reference: str) -> portal.Confirmation | None: ...


class Mail(Protocol):
    """See `lotwatch.delivery.mail.MailClient`."""

    def send(self, message: Message) -> str: ...


@dataclass(frozen=True, slots=True)
class Gateways:
    """All of them. `people` answers the addresses of a role, `board_url` is where links in messages lead."""

    erp: Erp
    portal: Portal
    mail: Mail
    people: People
    board_url: str
