"""Papers about what was found: sent back, destroyed, corrected; each unit in one at most."""

from lotwatch.recall.documents.make import DOCUMENT_KINDS, DocumentKind, make_document

__all__ = ["DOCUMENT_KINDS", "DocumentKind", "make_document"]
