"""Reads a YAML file and remembers where each thing stands in it, so that a mistake is told with its line and column.

Every scalar is text, as it is in the systems that are read: `no`, `0101` and `20260131` mean themselves. Only under the
keys named as JSON (what is sent to a server) do numbers and booleans count as such.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lotwatch.errors import SourceError

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says, and (line, column) of each thing in it by the path to it; both count from 1."""

    path: Path
    content: Any
    _marks: dict[Place, tuple[int, int]] = field(default_factory=dict)

    def where(self, place: Place) -> str:
        """The file, line and column of a thing, or of the nearest thing around it that is written there."""
        while place and place not in self._marks:
            place = place[:-1]
        line, column = self._marks.get(place, (1, 1))
        return f"{self.path.name}, line {line}, column {column}"


def read_document(path: Path, *, json_keys: Collection[str] = ()) -> Document:
    """Read a YAML file of one document. Raises SourceError naming the file and the place of what is no YAML."""
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise SourceError(
            f"The mapping file cannot be read: {error.strerror}", where=str(path), do="correct its name or its rights"
        ) from error
    except UnicodeDecodeError as error:
        raise SourceError("The mapping file is not UTF-8", where=str(path), do="save it as UTF-8") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path.name}, line {mark.line + 1}, column {mark.column + 1}" if mark else path.name
        what = getattr(error, "problem", None) or str(error)
        raise SourceError(f"The mapping file is no YAML: {what}", where=where, do="look at its indentation") from error
    document = Document(path, None)
    content = _build(root, (), document, frozenset(json_keys)) if root is not None else None
    return Document(path, content, document._marks)


def _build(node: yaml.Node, place: Place, document: Document, json_keys: frozenset[str]) -> Any:
    document._marks.setdefault(place, (node.start_mark.line + 1, node.start_mark.column + 1))
    if place and place[-1] in json_keys:
        return _typed(node)
    if isinstance(node, yaml.MappingNode):
        return {
            key: _build(value, (*place, key), document, json_keys) for key, value in _entries(node, place, document)
        }
    if isinstance(node, yaml.SequenceNode):
        return [_build(each, (*place, index), document, json_keys) for index, each in enumerate(node.value)]
    return node.value


def _entries(node: yaml.MappingNode, place: Place, document: Document) -> Iterator[tuple[str, yaml.Node]]:
    """The entries of a mapping with what `<<` brings in; a key that is written twice is a mistake."""
    written: set[str] = set()
    for key, _ in node.value:
        if key.value in written:
            document._marks[*place, str(key.value)] = (key.start_mark.line + 1, key.start_mark.column + 1)
            raise SourceError(
                f'"{key.value}" is written twice', where=document.where((*place, str(key.value))), do="keep one of them"
            )
        written.add(key.value)
    yaml.SafeLoader("").flatten_mapping(node)
    seen: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = str(key.value)
        seen[name] = value
        document._marks[*place, name] = (key.start_mark.line + 1, key.start_mark.column + 1)
    yield from seen.items()


def _typed(node: yaml.Node) -> Any:
    loader = yaml.SafeLoader("")
    return loader.construct_document(node)
