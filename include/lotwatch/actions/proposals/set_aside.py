"""What is set aside for orders cannot be given away or picked for others."""

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from lotwatch.db.query import query


@dataclass(slots=True)
class SetAside:
    """What is left of it by item, site, lot and serial unit (0, 0: of any); what lies at a place covers its own lot's first."""

    left: dict[tuple[int, int, int, int], int]

    def free(self, item_id: int, site_id: int, lot_id: int, serial_id: int, quantity: int) -> int:
        """How much of a quantity is free; what is not covers that much of what is left, so ask for what ends first first."""
        for lot in ((lot_id, serial_id), (0, 0)):
            taken = min(quantity, self.left.get((item_id, site_id, *lot), 0))
            if taken:
                quantity -= taken
                self.left[item_id, site_id, *lot] -= taken
        return quantity


def set_aside(conn: psycopg.Connection, items: Sequence[int]) -> SetAside:
    """What is set aside of items, at all sites."""
    rows = conn.execute(query(__package__, "set_aside"), {"items": list(items)}).fetchall()
    return SetAside({(item, site, lot, serial): quantity for item, site, lot, serial, quantity in rows})
