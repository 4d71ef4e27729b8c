"""Gets the text of a PDF in a process of its own, whose time and memory are bounded: a small file may ask for any amount.

`python -m lotwatch.sources.letters.pdf` reads the file from its input and answers {"text", "title"} or {"error"}; what a
broken file makes pypdf raise ends it.
"""

import json
import resource
import subprocess
import sys
from io import BytesIO

from lotwatch.errors import SourceError

LARGEST_TEXT = 8 * 1024 * 1024  # characters
MOST_PAGES = 500
_MEMORY = 1024**3  # bytes
_CPU_SECONDS, _SECONDS = 30, 60
_DO = "save it as a plain PDF or as text, and load that"


def text_of(content: bytes, name: str) -> tuple[str, str | None]:
    """(text, title) of a PDF. Raises SourceError for one that cannot be read within bounds, or has no text."""
    bounds = f"it needs more than {_CPU_SECONDS} s or {_MEMORY >> 20} MB"
    command = [sys.executable, "-m", __name__]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise _unreadable(bounds, name) from None
    if done.returncode != 0:  # by a signal: out of bounds; else the last line of what went wrong says what
        *_, last = ("", *done.stderr.decode(errors="replace").splitlines())
        raise _unreadable(bounds if done.returncode < 0 or last == "MemoryError" else last.partition(": ")[2], name)
    told = json.loads(done.stdout)
    if "error" in told:
        raise _unreadable(told["error"], name)
    if not told["text"].strip():
        raise SourceError(
            "The PDF has no text: it is a picture of a letter", where=name,
            do="type what it says into a text file, and load that",
        )  # fmt: skip
    return told["text"], told["title"]


def _unreadable(why: str, name: str) -> SourceError:
    return SourceError(f"The PDF cannot be read: {why or 'it is broken'}", where=name, do=_DO)


def _main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    sys.stdout.write(json.dumps(_read(sys.stdin.buffer.read())))


def _read(content: bytes) -> dict[str, str | None]:
    from pypdf import PdfReader

    reader = PdfReader(BytesIO(content))
    if reader.is_encrypted and not reader.decrypt(""):
        return {"error": "it is locked by a password"}
    if len(reader.pages) > MOST_PAGES:
        return {"error": f"it has {len(reader.pages)} pages, more than {MOST_PAGES}"}
    texts: list[str] = []
    size = 0
    for page in reader.pages:
        texts.append(page.extract_text())
        size += len(texts[-1])
        if size > LARGEST_TEXT:
            return {"error": f"it has more than {LARGEST_TEXT:,} characters"}
    title = reader.metadata.title if reader.metadata else None
    return {"text": "\n\n".join(texts), "title": str(title) if title else None}


if __name__ == "__main__":
    _main()
