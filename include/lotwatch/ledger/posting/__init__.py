"""What other systems say happened, and their documents, into the ledger."""

from lotwatch.ledger.posting.changes import Changes, changed_items, clear_changes
from lotwatch.ledger.posting.documents import post_documents
from lotwatch.ledger.posting.movements import post_movements
from lotwatch.ledger.posting.partitions import make_partitions

__all__ = ["Changes", "changed_items", "clear_changes", "make_partitions", "post_documents", "post_movements"]
