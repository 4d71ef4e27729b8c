"""Sends what is in the outbox, each once: orders to the ERP and to suppliers, tasks to warehouses, messages to people."""

from lotwatch.delivery.drain import Drained, drain
from lotwatch.delivery.gateways import Gateways, WarehouseGateway
from lotwatch.delivery.portals import hear
from lotwatch.delivery.warehouse import ask_again

__all__ = ["Drained", "Gateways", "WarehouseGateway", "ask_again", "drain", "hear"]
