"""Reads the files that are dropped into a folder: CSV and Parquet, also compressed with gzip.

When a file is complete is said by the option `complete`:
- unchanged: its size and time are what they were when the folder was last looked at (so it is read by the second
  reading after it came; no clock is asked, and a slow copy is never read in part);
- marker: a file of the same name with `.done` behind it stands beside it;
- renamed: whoever writes it gives it its name only when it is whole.

Each content is read once: the cursor holds the size, time and digest of every file that lies there. The same name with
other content is read anew, another name with the same content is not. Files stay where they are, or are moved to a
folder beside them (`move_to`) by the reading after the one that has stored them: a crash reads once more, never less.
"""

import codecs
import csv
import gzip
import hashlib
import stat
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import IO, Any, Literal

import pyarrow as arrow
from pyarrow import parquet

from lotwatch.errors import SourceError
from lotwatch.sources.connector import Record
from lotwatch.sources.tables.connector import Chunk, Interval, Job, broken
from lotwatch.sources.tables.mapper import Source

Complete = Literal["unchanged", "marker", "renamed"]
MARKER = ".done"
ENCODINGS = ("utf-8-sig", "gb18030")
_SEPARATORS = ",;\t|"
_BLOCK = 1 << 20
_ROWS = 2_000
#: characters of one line beyond which a file is no table
_LONGEST_LINE = 1 << 20


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it lay there: its name, size in bytes, time in nanoseconds."""

    name: str
    path: Path
    size: int
    time: int

    @property
    def seen(self) -> dict[str, Any]:
        """What the cursor keeps of it."""
        return {"size": self.size, "time": self.time}


class BrokenFileError(Exception):
    """A file that is not what its name says; the message says why."""


class Folder:
    """Reads feeds from the files of one folder."""

    origins: tuple[str, ...] = ("file",)

    def __init__(self, folder: Path, complete: Complete, move_to: str | None) -> None:
        self._folder, self._complete, self._move_to = folder, complete, move_to
        self._patterns: dict[tuple[str, str], str] = {}
        self._stored: dict[tuple[str, str], dict[str, Any]] = {}

    def expect(self, jobs: tuple[Job, ...]) -> None:
        """The feeds that will be read: a file is moved once all that it matches have stored it."""
        self._patterns = {(job.entity, job.feed.label): job.feed.file.pattern for job in jobs if job.feed.file}

    def server_time(self) -> None:
        """A folder tells no time; that it can be listed is seen."""
        self._listed()

    def read(self, job: Job, state: Mapping[str, Any] | None, interval: Interval) -> Iterator[Chunk]:
        """The rows of new files in the order of their names."""
        known: dict[str, Any] = dict((state or {}).get("files", {}))
        if interval is None:
            self._stored[job.entity, job.feed.label] = known
            if self._move_to and self._stored.keys() >= self._patterns.keys():
                self._move_stored()
        kept: dict[str, Any] = {}
        for found in self._matching(job):
            before = known.get(found.name)
            if interval is None and not self._is_complete(found, before):
                kept[found.name] = found.seen
                continue
            if interval is not None and not interval[0].timestamp() <= found.time / 1e9 < interval[1].timestamp():
                continue
            if interval is None and before and "digest" in before and found.seen.items() <= before.items():
                kept[found.name] = before
                continue
            digests = {each.get("digest") for each in (*known.values(), *kept.values())} if interval is None else set()
            try:
                digest, encoding = _examined(found, job)
                if digest not in digests:
                    yield from self._rows(found, job, encoding)
            except FileNotFoundError:
                continue  # it went away meanwhile: nothing was read of it
            except BrokenFileError as error:
                digest = _digest(found.path)
                yield Chunk(broken=[_broken_file(job, found, digest, str(error))])
            kept[found.name] = {**found.seen, "digest": digest}
        yield Chunk(state={"files": kept})

    def _rows(self, found: Found, job: Job, encoding: str) -> Iterator[Chunk]:
        beside = {"$file": found.name, "$read_at": datetime.fromtimestamp(found.time / 1e9, UTC)}
        read = _parquet_rows if is_parquet(found.name) else _csv_rows
        rows = (
            Source(f"{found.name}, line {line}", row, {**beside, "$row": line}, problem)
            for line, row, problem in read(found.path, job, encoding)
        )
        try:
            while part := list(islice(rows, _ROWS)):
                yield Chunk(part)
        except BrokenFileError as error:  # what stands before the break was read
            yield Chunk(broken=[_broken_file(job, found, "", str(error))])
        now = found.path.stat()
        if (now.st_size, now.st_mtime_ns) != (found.size, found.time):
            raise SourceError(
                f"{found.name} was written to while it was read",
                where=str(self._folder),
                do="nothing, if it passes; otherwise let its writer name it only when it is whole (complete: renamed)",
                retry=True,
            )

    def _is_complete(self, found: Found, before: Mapping[str, Any] | None) -> bool:
        if self._complete == "renamed":
            return True
        if self._complete == "marker":
            return found.path.with_name(found.name + MARKER).exists()
        return before is not None and found.seen.items() <= before.items()

    def _matching(self, job: Job) -> Iterator[Found]:
        pattern = job.feed.file.pattern if job.feed.file else ""
        marked = self._complete == "marker"
        return (
            found
            for found in self._listed()
            if fnmatchcase(found.name, pattern) and not (marked and found.name.endswith(MARKER))
        )

    def _listed(self) -> list[Found]:
        """The folder's files, by name. A link may not lead out of the folder, and what is no file is none."""
        try:
            names = sorted(path.name for path in self._folder.iterdir() if not path.name.startswith("."))
        except OSError as error:
            raise SourceError(
                f"The folder cannot be read: {error.strerror}", where=str(self._folder),
                do="create it, correct the path in the connection, or give the rights to read it", retry=True,
            ) from error  # fmt: skip
        root = self._folder.resolve()
        listed = []
        for name in names:
            path = self._folder / name
            if path.is_symlink() and not path.resolve().is_relative_to(root):
                raise SourceError(
                    f"{name} is a link that leads out of the folder", where=str(self._folder), do="remove it"
                )
            try:
                told = path.stat()
            except OSError:
                continue  # it went away, or a link leads nowhere
            if stat.S_ISREG(told.st_mode):
                listed.append(Found(name, path, told.st_size, told.st_mtime_ns))
        return listed

    def _move_stored(self) -> None:
        """Move what all feeds that it matches have stored: their cursors say so, which were committed with the rows."""
        target = self._folder / str(self._move_to)
        for found in self._listed():
            feeds = [feed for feed, pattern in self._patterns.items() if fnmatchcase(found.name, pattern)]
            stored = [self._stored[feed].get(found.name, {}) for feed in feeds]
            if feeds and all("digest" in each and found.seen.items() <= each.items() for each in stored):
                target.mkdir(exist_ok=True)
                found.path.replace(_free(target, found.name))
                found.path.with_name(found.name + MARKER).unlink(missing_ok=True)


class GivenFiles(Folder):
    """Reads feeds from files that a person names, whatever their place: to try a mapping, or to load by hand.

    `assigned` says which files each feed reads, by the feed's entity and label.
    """

    origins: tuple[str, ...] = ("file", "view", "query", "odata", "rest")

    def __init__(self, assigned: Mapping[tuple[str, str], Sequence[Path]]) -> None:
        super().__init__(Path(), "renamed", None)
        self._assigned = assigned

    def _matching(self, job: Job) -> Iterator[Found]:
        for path in self._assigned.get((job.entity, job.feed.label), ()):
            try:
                told = path.stat()
            except OSError as error:
                raise SourceError(f"The file cannot be read: {error.strerror}", where=str(path)) from error
            yield Found(path.name, path, told.st_size, told.st_mtime_ns)


def assign(
    jobs: Sequence[Job], files: Sequence[Path], entity: str | None, feed: str | None
) -> dict[tuple[str, str], list[Path]]:
    """Which feed reads which file: those whose pattern its name matches, or the one that is named.

    Raises SourceError for a file that no feed, or no single one, would read.
    """
    assigned: dict[tuple[str, str], list[Path]] = {}
    wanted = [job for job in jobs if entity in {None, job.entity} and feed in {None, job.feed.label}]
    for path in files:
        matching = [job for job in wanted if job.feed.file and fnmatchcase(path.name, job.feed.file.pattern)]
        if not matching and len(wanted) == 1:
            matching = wanted
        if not matching:
            labels = ", ".join(f"{job.entity} ({job.feed.label})" for job in wanted or jobs)
            raise SourceError(
                f"No feed of the mapping is for {path.name}", where=str(path), do=f"say --entity and --feed: {labels}"
            )
        for job in matching:
            assigned.setdefault((job.entity, job.feed.label), []).append(path)
    return assigned


def _free(folder: Path, name: str) -> Path:
    """A path in the folder that is not taken: a name may come again with other content."""
    path, number = folder / name, 1
    while path.exists():
        path, number = folder / f"{name}.{number}", number + 1
    return path


def _broken_file(job: Job, found: Found, digest: str, reason: str) -> Record:
    raw = {"file": found.name, "size": found.size, "digest": digest}
    return broken(job, f"file {found.name}", found.name, reason, raw)


def is_parquet(name: str) -> bool:
    """Whether a file is Parquet, by its name."""
    return name.endswith(".parquet")


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The content of a file, unpacked. What cannot be unpacked is a broken file."""
    try:
        with path.open("rb") as file:
            if path.name.endswith(".gz"):
                with gzip.open(file, "rb") as unpacked:
                    yield unpacked  # type: ignore[misc]
            else:
                yield file
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BrokenFileError(f"it cannot be unpacked: {error}") from error


def _digest(path: Path) -> str:
    """The digest of a file as it lies there."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _examined(found: Found, job: Job) -> tuple[str, str]:
    """The digest of a file and its text's encoding, in one pass through a file of any size."""
    if is_parquet(found.name):
        return _digest(found.path), ""
    told = job.feed.file.encoding if job.feed.file else None
    names = (told,) if told and told.lower() not in {"utf-8", "utf8"} else ENCODINGS[: 1 if told else None]
    decoders = {name: codecs.getincrementaldecoder(name)() for name in names}
    with _opened(found.path) as file:
        while decoders:
            block = file.read(_BLOCK)
            for name, decoder in list(decoders.items()):
                try:
                    decoder.decode(block, final=not block)
                except UnicodeDecodeError:
                    del decoders[name]
            if not block:
                break
    if not decoders:
        raise BrokenFileError(f"its text is neither {' nor '.join(names)}: save it as CSV UTF-8")
    return _digest(found.path), next(iter(decoders))


def _lines(text: IO[str]) -> Iterator[str]:
    while line := text.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE and not line.endswith("\n"):
            raise BrokenFileError("it has a line of more than a million characters: it is no table")
        yield line


def _csv_rows(path: Path, job: Job, encoding: str) -> Iterator[tuple[int, dict[str, Any], str]]:
    """(line number, row, what is wrong with the line itself) of each line below the header; lines without any cell are passed over."""
    told = job.feed.file
    skip = told.skip_lines if told else 0
    with _opened(path) as file, TextIOWrapper(file, encoding, newline="") as text:
        lines = _lines(text)
        for _ in islice(lines, skip):
            pass
        first = next(lines, "")
        separator = (told.separator if told else None) or max(_SEPARATORS, key=first.count)
        header = [name.strip() for name in next(csv.reader([first], delimiter=separator), [])]
        if not any(header):
            raise BrokenFileError("it is empty: the first line must name its columns")
        job.check_columns(header, f"the header of {path.name}")
        reader = csv.reader(lines, delimiter=separator, strict=True)
        try:
            for cells in reader:
                line = reader.line_num + skip + 1
                if len(cells) == len(header):
                    yield line, dict(zip(header, cells, strict=True)), ""
                elif any(cells):  # nobody knows which cell is which
                    yield line, {"cells": cells}, f"it has {len(cells)} cells, the header {len(header)}"
        except csv.Error as error:
            raise BrokenFileError(f"line {reader.line_num + skip + 1}: {error}") from error


def _parquet_rows(path: Path, job: Job, encoding: str) -> Iterator[tuple[int, dict[str, Any], str]]:
    """(row number, row, nothing), a batch of rows at a time: only the columns that are read."""
    del encoding
    try:
        with _opened(path) as file, parquet.ParquetFile(file) as table:
            job.check_columns(table.schema_arrow.names, f"the schema of {path.name}")
            line = 0
            for batch in table.iter_batches(batch_size=_ROWS):
                for row in batch.to_pylist():
                    line += 1
                    yield line, row, ""
    except (arrow.ArrowException, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise BrokenFileError(f"it is no Parquet that can be read: {error}") from error
