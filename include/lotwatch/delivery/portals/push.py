"""Suppliers' answers that are pushed to us: a body of the inbox is one answer, in what the supplier's portal speaks."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from lotwatch.delivery.portals import cxml, ubl
from lotwatch.delivery.portals.documents import OrderResponse
from lotwatch.delivery.portals.registry import CxmlSettings, UblSettings, load_portals
from lotwatch.errors import SourceError, nearest


class Reader:
    """Reads the bodies of a source of kind `order_answers`, whose option `portal` says whose answers they are."""

    def __init__(self, portal: str) -> None:
        """Raises SourceError for a portal that there is not."""
        known = load_portals()
        if portal not in known:
            raise SourceError(f'"{portal}" is no portal', where="options of the source", do=nearest(portal, known))
        self.portal = portal
        self._read = _reading(known[portal])

    def __call__(self, body: Any) -> OrderResponse:
        """The answer. Raises SourceError saying why it cannot be read."""
        try:
            return self._read(body)
        except ValueError as error:
            raise SourceError(
                f"This is no answer to an order: {error}", where="what was pushed", do="see docs/portals.md"
            ) from error


def _reading(settings: object) -> Callable[[Any], OrderResponse]:
    match settings:
        case UblSettings(options=options):
            return lambda body: ubl.read_response(_text(body), ZoneInfo(options.time_zone))
        case CxmlSettings():
            return lambda body: cxml.read_confirmation(cxml.read_cxml(_text(body)))
    return OrderResponse.model_validate


def _text(body: Any) -> str:
    if not isinstance(body, str):
        raise ValueError("it is JSON, not XML")  # noqa: TRY004 (said of the message, not of our code)
    return body
