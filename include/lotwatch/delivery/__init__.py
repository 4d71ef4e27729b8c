"""Sends what is in the outbox, each once: orders to the ERP and the portal, messages to people."""

from lotwatch.delivery.drain import Drained, drain
from lotwatch.delivery.gateways import Gateways

__all__ = ["Drained", "Gateways", "drain"]
