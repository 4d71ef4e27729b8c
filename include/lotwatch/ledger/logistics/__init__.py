"""What is told of goods on their way: it only grows, and it says what became of deliveries."""

from lotwatch.ledger.logistics.tracking import complete_deliveries, post_logistics, settle_deliveries

__all__ = ["complete_deliveries", "post_logistics", "settle_deliveries"]
