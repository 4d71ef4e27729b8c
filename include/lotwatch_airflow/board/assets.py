"""The board's style sheet, script and picture."""

from functools import cache
from hashlib import sha256
from importlib.resources import files

MEDIA_TYPES = {"board.css": "text/css", "board.js": "text/javascript", "icon.svg": "image/svg+xml"}


@cache
def content(name: str) -> bytes:
    """A file out of MEDIA_TYPES."""
    return files(__package__).joinpath("static", name).read_bytes()


@cache
def digest(name: str) -> str:
    """Changes whenever the file does: part of its address, so that browsers may keep it."""
    return sha256(content(name)).hexdigest()[:12]
