"""Transfers: shortages, surplus and short-dated stock of all sites solved together, before anything is bought."""

from lotwatch.actions.transfers.propose import TransferSettings, propose_substitutes, propose_transfers

__all__ = ["TransferSettings", "propose_substitutes", "propose_transfers"]
