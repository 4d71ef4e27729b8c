"""Reads GUDID's look-up and tables, and folders of the NMPA's exports."""

import csv
import gzip
import io
import json
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import requests
from pydantic import Field

from lotwatch.config import Strict
from lotwatch.errors import SourceError
from lotwatch.sources.connector import Login, Page, Receiver, Record
from lotwatch.sources.devices.gudid import of_look_up, of_table
from lotwatch.sources.devices.nmpa import devices, of_device, of_json
from lotwatch.sources.http import HttpClient

_LOOK_UP = "api/v3/devices/lookup.json"
_PAGE = 500
_LARGEST_MEMBER = 512 * 1024 * 1024  # bytes of one file of an export, unpacked


class LookUpOptions(Strict):
    """`most` identifiers are looked up in one run; the next goes on after them, and begins again at the end."""

    most: int = Field(default=1000, ge=1)


class FileOptions(Strict):
    """The file, or the folder of the files, that is read."""

    path: Path


def gudid(login: Login, **options: Any) -> "GudidLookUp":
    """GUDID's records of our items' devices. GUDID itself asks for no key; one that is given goes as a parameter."""
    keyed = Login(login.url, password=login.password, extra={"auth": {"parameter": "api_key"}, **login.extra})
    return GudidLookUp(HttpClient("GUDID", keyed, answers={404}), LookUpOptions(**options))


def gudid_table(login: Login, **options: Any) -> "GudidTable":
    """A table (CSV, or CSV packed by gzip) drawn from GUDID."""
    return GudidTable(FileOptions(**options).path)


def nmpa(login: Login, **options: Any) -> "NmpaFolder":
    """The NMPA's exports in a folder: XML, JSON, or ZIPs of them."""
    return NmpaFolder(FileOptions(**options).path)


def nmpa_push(**options: Any) -> Receiver:
    """Reads what is pushed of the NMPA's database: parsed JSON, or the text of an export."""
    if options:
        raise TypeError(f"unknown options: {', '.join(options)}")

    def receive(body: Any) -> Iterator[tuple[str, Record]]:
        found = devices(body, "pushed body") if isinstance(body, str) else of_json(body, "pushed body")
        for device in found:
            yield "device_record", of_device(device)

    return receive


class GudidLookUp:
    """Looks up the devices of our items, which it must be told (`ask_for`) before it reads."""

    def __init__(self, http: HttpClient, options: LookUpOptions) -> None:
        self.entities: tuple[str, ...] = ("device_record",)
        self._http, self._options = http, options
        self._identifiers: list[str] = []

    def ask_for(self, identifiers: Sequence[str]) -> None:
        """The device identifiers of our items."""
        self._identifiers = sorted(set(identifiers))

    def changed(self, entity: str, cursor: Mapping[str, Any] | None) -> Iterator[Page]:
        """What GUDID says of the next identifiers after the cursor's; of what it does not know, nothing."""
        after = (cursor or {}).get("after", "")
        turn = [each for each in self._identifiers if each > after] + [
            each for each in self._identifiers if each <= after
        ]
        chosen = turn[: self._options.most]
        for start in range(0, len(chosen), 50):
            part = chosen[start : start + 50]
            found = (self._look_up(identifier) for identifier in part)
            yield Page([record for record in found if record is not None], {"after": part[-1]})

    def changed_between(self, entity: str, start: datetime, end: datetime) -> Iterator[Page]:
        """The look-up does not know when it changed: as much as one run reads."""
        return self.changed(entity, None)

    def server_time(self) -> datetime | None:
        """What GUDID's clock shows."""
        self._answer("0")
        return self._http.server_time()

    def _look_up(self, identifier: str) -> Record | None:
        answer = self._answer(identifier)
        return None if answer is None else of_look_up(answer, identifier)

    def _answer(self, identifier: str) -> Any:
        answer = self._http.get(_LOOK_UP, {"di": identifier})
        content = answer.json()
        if answer.status == requests.codes.not_found:
            if isinstance(content, dict) and "error" in content:
                return None
            raise SourceError(
                f"There is no {_LOOK_UP} here", where=answer.url, do="correct the address in the connection"
            )
        return json.loads(answer.content)  # its numbers as they are kept


class _Files(ABC):
    """What files have in common: they are read anew when they have changed."""

    def __init__(self, path: Path) -> None:
        self.entities: tuple[str, ...] = ("device_record",)
        self._path = path

    def changed(self, entity: str, cursor: Mapping[str, Any] | None) -> Iterator[Page]:
        """The records of the files that are not as they were when they were read last, oldest name first."""
        seen: dict[str, Any] = dict((cursor or {}).get("files", {}))
        for path in self._files():
            told = path.stat()
            stamp = [told.st_size, told.st_mtime_ns]
            if seen.get(path.name) == stamp:
                continue
            yield from _pages(self._records(path))
            seen[path.name] = stamp
            yield Page([], {"files": dict(seen)})

    def changed_between(self, entity: str, start: datetime, end: datetime) -> Iterator[Page]:
        """The records of the files that were written within the interval."""
        for path in self._files():
            if start <= datetime.fromtimestamp(path.stat().st_mtime, UTC) < end:
                yield from _pages(self._records(path))

    def server_time(self) -> None:
        """Files tell no time; but there must be some."""
        self._files()

    def _files(self) -> list[Path]:
        try:
            found = sorted(self._path.iterdir()) if self._path.is_dir() else [self._path]
            return [path for path in found if path.stat() and path.is_file() and not path.name.startswith(".")]
        except OSError as error:
            raise SourceError(
                f"The files cannot be read: {error.strerror}", where=str(self._path),
                do="correct `path` in the source's options, or put the files there", retry=True,
            ) from error  # fmt: skip

    @abstractmethod
    def _records(self, path: Path) -> Iterator[Record]:
        """The records of one file."""


class GudidTable(_Files):
    """A table drawn from GUDID: one line for each device."""

    def _records(self, path: Path) -> Iterator[Record]:
        try:
            with path.open("rb") as file:
                plain = gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file
                yield from map(of_table, csv.DictReader(io.TextIOWrapper(plain, encoding="utf-8-sig")))
        except (OSError, EOFError, ValueError, csv.Error) as error:
            raise SourceError(f"The table cannot be read: {error}", where=str(path), do="put it there again") from error


class NmpaFolder(_Files):
    """Exports of the NMPA's UDI database."""

    def _records(self, path: Path) -> Iterator[Record]:
        for name, content in _members(path):
            yield from map(of_device, devices(content, name))


def _members(path: Path) -> Iterator[tuple[str, str]]:
    """(name, text) of the file, or of each in a ZIP."""
    try:
        if path.suffix.lower() != ".zip":
            yield str(path), _decoded(path.read_bytes())
            return
        with zipfile.ZipFile(path) as packed:
            for member in sorted(packed.infolist(), key=lambda each: each.filename):
                if member.filename.lower().endswith((".xml", ".json")):
                    if member.file_size > _LARGEST_MEMBER:
                        what = f"{member.filename} unpacks to {member.file_size:,} bytes"
                        raise SourceError(what, where=str(path), do="fetch it again")
                    yield f"{path}: {member.filename}", _decoded(packed.read(member))
    except (OSError, EOFError, zipfile.BadZipFile) as error:
        raise SourceError(f"The export cannot be read: {error}", where=str(path), do="fetch it again") from error


def _decoded(content: bytes) -> str:
    return content.decode("utf-8-sig", errors="replace")


def _pages(records: Iterable[Record]) -> Iterator[Page]:
    each = iter(records)
    while page := list(islice(each, _PAGE)):
        yield Page(page)
