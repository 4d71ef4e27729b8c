"""Suppliers' portals, each by its own standard: orders go out, suppliers' answers come back."""

from lotwatch.delivery.portals.answers import hear, take_answer
from lotwatch.delivery.portals.cases import Case, CaseLine, CaseReceipt, TakesCases
from lotwatch.delivery.portals.documents import (
    Confirmation,
    LineResponse,
    Order,
    OrderChange,
    OrderLine,
    OrderResponse,
    Page,
    Part,
    PortalClient,
)
from lotwatch.delivery.portals.limits import NotYet, asking
from lotwatch.delivery.portals.push import Reader
from lotwatch.delivery.portals.registry import Breaker, Portal, Portals, PortalSettings, load_portals, make_client

__all__ = [
    "Breaker",
    "Case",
    "CaseLine",
    "CaseReceipt",
    "Confirmation",
    "LineResponse",
    "NotYet",
    "Order",
    "OrderChange",
    "OrderLine",
    "OrderResponse",
    "Page",
    "Part",
    "Portal",
    "PortalClient",
    "PortalSettings",
    "Portals",
    "Reader",
    "TakesCases",
    "asking",
    "hear",
    "load_portals",
    "make_client",
    "take_answer",
]
