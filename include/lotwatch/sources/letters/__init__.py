"""A supplier's recall letter, as it comes: text, a web page, an e-mail with its attachments, a PDF.

reading.py finds out what a file is by its content and gets its text, pdf.py does so for PDFs in a process of its own,
connector.py makes it a notice. What cannot be read is refused with what to do: a letter that is half understood must not
pass for one that was read.
"""

from lotwatch.sources.letters.connector import LetterFile, Stated
from lotwatch.sources.letters.reading import LARGEST_FILE, Attachment, Letter, read_letter

__all__ = ["LARGEST_FILE", "Attachment", "Letter", "LetterFile", "Stated", "read_letter"]
