"""Where the files are that the ops team edits: beside the library, in the checkout or the image."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
RULES = PROJECT / "include" / "rules"
EXPECTATIONS = PROJECT / "expectations"
SOURCES = PROJECT / "include" / "config" / "sources.yaml"
PEOPLE = PROJECT / "include" / "config" / "people.yaml"
RECEIPTS = PROJECT / "include" / "config" / "receipts.yaml"
BUDGETS = PROJECT / "include" / "config" / "budgets.yaml"
APPROVALS = PROJECT / "include" / "config" / "approvals.yaml"
CHECKLISTS = PROJECT / "include" / "config" / "checklists.yaml"
EXCEPTIONS = PROJECT / "include" / "config" / "exceptions.yaml"
CAPS = PROJECT / "include" / "config" / "caps.yaml"
DUTIES = PROJECT / "include" / "config" / "duties.yaml"
PURCHASING = PROJECT / "include" / "config" / "purchasing.yaml"
WAREHOUSES = PROJECT / "include" / "config" / "warehouses.yaml"
PICKING = PROJECT / "include" / "config" / "picking.yaml"
PORTALS = PROJECT / "include" / "config" / "portals.yaml"
COLD_CHAIN = PROJECT / "include" / "config" / "cold_chain.yaml"
CHANNELS = PROJECT / "include" / "config" / "channels.yaml"
MAPPINGS = PROJECT / "include" / "config" / "mappings"
