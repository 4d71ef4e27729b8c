"""What other systems say happened, and their documents, into the ledger."""

from lotwatch.ledger.posting.changes import clear_changes
from lotwatch.ledger.posting.documents import post_documents
from lotwatch.ledger.posting.movements import post_movements
from lotwatch.ledger.posting.partitions import make_partitions

__all__ = ["clear_changes", "make_partitions", "post_documents", "post_movements"]
