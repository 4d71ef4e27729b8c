"""Where the files are that the ops team edits: beside the library, in the checkout or the image."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
RULES = PROJECT / "include" / "rules"
EXPECTATIONS = PROJECT / "expectations"
CONFIG = PROJECT / "include" / "config"
SOURCES = CONFIG / "sources.yaml"
PEOPLE = CONFIG / "people.yaml"
RECEIPTS = CONFIG / "receipts.yaml"
BUDGETS = CONFIG / "budgets.yaml"
APPROVALS = CONFIG / "approvals.yaml"
CHECKLISTS = CONFIG / "checklists.yaml"
EXCEPTIONS = CONFIG / "exceptions.yaml"
CAPS = CONFIG / "caps.yaml"
DUTIES = CONFIG / "duties.yaml"
PURCHASING = CONFIG / "purchasing.yaml"
WAREHOUSES = CONFIG / "warehouses.yaml"
PICKING = CONFIG / "picking.yaml"
PORTALS = CONFIG / "portals.yaml"
COLD_CHAIN = CONFIG / "cold_chain.yaml"
CHANNELS = CONFIG / "channels.yaml"
MAPPINGS = CONFIG / "mappings"
