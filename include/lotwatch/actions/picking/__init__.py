"""Pick waves: what is wanted, from the lots that end first, along the shortest walk, in time for what leaves."""

from lotwatch.actions.picking.orders import Order, Picked, orders_of
from lotwatch.actions.picking.propose import propose_picks
from lotwatch.actions.picking.settings import Picking, SitePicking, load_picking

__all__ = ["Order", "Picked", "Picking", "SitePicking", "load_picking", "orders_of", "propose_picks"]
