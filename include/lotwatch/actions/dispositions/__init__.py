"""Dispositions: what becomes of stock that ends soon, has ended, failed its inspection or is too much, where nothing moves it."""

from lotwatch.actions.dispositions.carry import open_disposition
from lotwatch.actions.dispositions.choose import DispositionSettings
from lotwatch.actions.dispositions.propose import propose_dispositions

__all__ = ["DispositionSettings", "open_disposition", "propose_dispositions"]
