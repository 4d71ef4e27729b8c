"""A YAML file that people write, read with the place of everything in it, so that a mistake can be pointed at."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from lotwatch.errors import RuleError
from lotwatch.paths import PROJECT

#: keys and numbers of list entries that lead to a value
Path_ = tuple[str | int, ...]

_LARGEST = 1_000_000
_DEEPEST = 12
_PLAIN_TAGS = {
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "seq", "map")
}


class Document:
    """The content of a file: `data`, and where each part of it stands.

    Raises RuleError for what is no plain YAML: more than a megabyte, nested too deeply, with aliases, tags or a key twice.
    """

    def __init__(self, file: Path) -> None:
        self.name = str(file.resolve().relative_to(PROJECT) if file.resolve().is_relative_to(PROJECT) else file)
        self._text = self._read(file)
        self._keys: dict[Path_, yaml.Node] = {}
        self._values: dict[Path_, yaml.Node] = {}
        try:
            self._refuse_bombs()
            loader = yaml.CSafeLoader(self._text)
            node = loader.get_single_node()
            if node is not None:
                self._learn((), node)
            self.data: Any = None if node is None else loader.construct_document(node)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise RuleError(f"Not valid YAML: {error.problem}", where=self._point(mark)) from error
        except (yaml.YAMLError, ValueError) as error:  # such as 2026-02-30
            raise RuleError(f"Not valid YAML: {error}", where=self.name) from error

    def place(self, path: Path_, offset: int = 0, *, key: bool = False) -> str:
        """`file:line:column` of a value (of its key, with `key`), or of the nearest thing around it that was written.

        `offset` counts the characters of a text from its beginning.
        """
        if key and path in self._keys:
            return self._point(self._keys[path].start_mark)
        while path and path not in self._values:
            path, offset = path[:-1], 0
        node = self._values.get(path)
        if node is None:
            return self.name
        return self._point_at(self._start(node, offset)) if offset else self._point(node.start_mark)

    def written(self, path: Path_) -> str:
        """A part of the file as it was written, without what is indented less."""
        node = self._values[path]
        text = self._text[node.start_mark.index : node.end_mark.index].rstrip()
        return text.replace("\n" + " " * node.start_mark.column, "\n") + "\n"

    def _read(self, file: Path) -> str:
        try:
            text = file.read_bytes()
            if len(text) > _LARGEST:
                raise RuleError("A decision table has at most a megabyte", where=self.name, do="split it")
            return text.decode("utf-8")
        except OSError as error:
            raise RuleError(f"The file cannot be read: {error.strerror}", where=self.name) from error
        except UnicodeDecodeError as error:
            raise RuleError("The file is not in UTF-8", where=self.name) from error

    def _refuse_bombs(self) -> None:
        """Before anything is built of it."""
        depth = 0
        for event in yaml.parse(self._text, Loader=yaml.CSafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent):
                raise RuleError("Aliases (*) are not allowed", where=self._point(event.start_mark), do="write it out")
            if depth > _DEEPEST:
                raise RuleError("Nested too deeply", where=self._point(event.start_mark))

    def _learn(self, path: Path_, node: yaml.Node) -> None:
        if node.tag not in _PLAIN_TAGS:
            raise RuleError(f"The tag {node.tag} is not allowed", where=self._point(node.start_mark))
        self._values[path] = node
        for key, name, value in _parts(node):
            if key is not None:
                if key.tag != "tag:yaml.org,2002:str":
                    do = "quote it" if isinstance(key, yaml.ScalarNode) else ""
                    raise RuleError("A key must be a word", where=self._point(key.start_mark), do=do)
                if (*path, name) in self._keys:
                    raise RuleError(f"{name} is said twice", where=self._point(key.start_mark), do="keep one")
                self._keys[*path, name] = key
            self._learn((*path, name), value)

    def _start(self, node: yaml.Node, offset: int) -> int:
        """Where in the file a character of a text stands: folding changes only the spaces between its words."""
        if not isinstance(node, yaml.ScalarNode):
            return int(node.start_mark.index)
        at, end = node.start_mark.index, node.end_mark.index
        if node.style in {"|", ">"}:
            at = self._text.find("\n", at, end) + 1
        elif node.style:
            at += 1
        letters = sum(not letter.isspace() for letter in node.value[:offset])
        while at < end and (letters or self._text[at].isspace()):
            if not self._text[at].isspace():
                letters -= 1
                at += self._text.startswith("''", at) and node.style == "'"
            at += 1
        return int(min(at, end - 1))

    def _point_at(self, index: int) -> str:
        before = self._text[:index]
        return f"{self.name}:{before.count(chr(10)) + 1}:{index - before.rfind(chr(10))}"

    def _point(self, mark: Any) -> str:
        return f"{self.name}:{mark.line + 1}:{mark.column + 1}" if mark else self.name


def _parts(node: yaml.Node) -> Iterator[tuple[yaml.Node | None, str | int, yaml.Node]]:
    """Key, name and value of each part of a mapping or list."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key, str(key.value), value
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield None, number, value
