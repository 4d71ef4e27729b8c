"""Tryton 8.2 as warehouse, procurement and quality system.

site.py says how a site names things, places.py reads its location tree, mapping.py turns its records into ours,
shipments.py its shipments, reading.py finds what changed, documents.py which lines are gone, vanished.py which other
records are, levels.py what Tryton says is where, connectors.py puts these together, erp.py writes draft purchases, wms.py
what a warehouse is asked for.

How Tryton's records are read:

* A lot (`stock.lot`) of an item whose label carries a serial is one unit: its number is `lot/serial` where the label
  carries both, else the serial. Tryton keeps no date of manufacture.
* `usable_through`, the last day of use, is the earlier of Tryton's two dates, both of which are inclusive: the
  expiration date (the label's, which no code of Tryton looks at) and the shelf life's (a move *after* it is refused).
  It has no date for a sterile barrier: a site that keeps it as the shelf life's says so (`shelf_life_is_sterility`).
* A purchase line is requested for its delivery date and promised for the planned date of what is still to come:
  a supplier's confirmation moves that date and leaves `origin_planned_date` as it was.
* Tryton dates moves by day: a move occurred at the day's start in its site's zone.
* A move that is cancelled keeps its effective date only if it had been done: it is then told with what takes it back.
* A customer's shipment is an order for what leaves with it: what is assigned or picked is set aside for it, and it is
  delivered when Tryton has it done. A transfer is a delivery when it passes through a transit place. A day on which
  something is expected is meant to its end.
* A supplier's shipment is entered when it is announced: from then on it is on its way for the purchase lines that its
  moves come from, and received lot by lot. When it left, and with whom, Tryton does not know.
* Inspections and alerts are about a lot by the number that somebody wrote into the reference, of the control's product.
  An alert was resolved when it was last changed.
* An invoice line is about the purchase line it comes from; one of a credit note comes from the line that it credits. A
  credit note that cancels an invoice as a whole leaves that one cancelled and itself posted: neither counts. A validated
  invoice is still a draft: it is in the books when it is posted.
* A price list's lowest quantity is the minimum order quantity; prices and quantities are per purchase unit there.
* An article number (`product.identifier`) is on one unit: Tryton knows no package levels.
"""

from lotwatch.sources.tryton.connectors import (
    TrytonConnector,
    TrytonProcurement,
    TrytonQuality,
    TrytonWarehouse,
    connect,
    procurement,
    quality,
    warehouse,
)
from lotwatch.sources.tryton.erp import TrytonErp
from lotwatch.sources.tryton.site import TrytonSite
from lotwatch.sources.tryton.wms import TrytonWms

__all__ = [
    "TrytonConnector",
    "TrytonErp",
    "TrytonProcurement",
    "TrytonQuality",
    "TrytonSite",
    "TrytonWarehouse",
    "TrytonWms",
    "connect",
    "procurement",
    "quality",
    "warehouse",
]
