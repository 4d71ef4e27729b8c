"""Purchase orders to be, from the alerts whose rules may act."""

from lotwatch.actions.purchases.propose import ProposeSettings, propose

__all__ = ["ProposeSettings", "propose"]
