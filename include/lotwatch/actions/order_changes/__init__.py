"""Changes of orders that were sent: what is needed sooner, later, less of, or not at all."""

from lotwatch.actions.order_changes.deciding import OrderChangeSettings
from lotwatch.actions.order_changes.propose import propose_order_changes

__all__ = ["OrderChangeSettings", "propose_order_changes"]
