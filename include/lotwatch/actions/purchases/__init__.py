"""Purchase orders to be, from the alerts whose rules may act."""

from lotwatch.actions.purchases.propose import ProposeSettings, propose
from lotwatch.actions.purchases.terms import load_purchasing

__all__ = ["ProposeSettings", "load_purchasing", "propose"]
