"""SQL lives in files: `query(__package__, "name")` is the text of `name.sql` beside the module that runs it."""

from functools import cache
from importlib.resources import files
from typing import LiteralString


@cache
def query(package: str, name: str) -> LiteralString:
    """Text of `<name>.sql` in `package`. It is ours, never a user's: that is why it may be executed."""
    return files(package).joinpath(f"{name}.sql").read_text(encoding="utf-8")
