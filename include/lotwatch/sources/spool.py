"""Keeps the pages of one reading, so that several entities are made from the same records without reading them again."""

import json
from collections.abc import Iterator
from decimal import Decimal
from tempfile import SpooledTemporaryFile
from typing import IO, Any

#: a reading is kept in memory up to this many bytes, then on disk
IN_MEMORY = 16 * 1024 * 1024


class Spool:
    """Pages of JSON values in the order in which they were added; numbers with a decimal point come back as Decimal."""

    def __init__(self) -> None:
        self._file: IO[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (it lives as long as the reading)

    def add(self, page: list[Any]) -> None:
        """Keep a page. Exact numbers are kept as text."""
        self._file.write(json.dumps(page, default=str, separators=(",", ":")).encode() + b"\n")

    def pages(self) -> Iterator[list[Any]]:
        """Every page from the first one on."""
        self._file.seek(0)
        for line in self._file:
            yield json.loads(line, parse_float=Decimal)
