"""What a sandbox server has confirmed is there after a crash, and nothing that it had not."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from sandbox.http import Journal, newest


class Note(BaseModel):
    text: str


def test_a_record_cut_off_by_a_crash_is_dropped_and_the_next_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    Journal(path, Note).append(Note(text="first"), Note(text="第二"))
    with path.open("ab") as file:
        file.write(b'{"text": "thi')

    journal = Journal(path, Note)
    assert [note.text for note in journal.records] == ["first", "第二"]
    journal.append(Note(text="third"))
    assert [note.text for note in Journal(path, Note).records] == ["first", "第二", "third"]


def test_a_line_break_inside_a_text_does_not_end_the_record(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    Journal(path, Note).append(Note(text="a\nb\u2028c\x85d\x0be"))
    assert [note.text for note in Journal(path, Note).records] == ["a\nb\u2028c\x85d\x0be"]


@pytest.mark.parametrize(
    ("count", "number", "first", "rows", "pages"),
    [(0, 1, None, 0, 1), (20, 1, "19", 20, 1), (21, 1, "20", 20, 2), (21, 2, "0", 1, 2), (21, 99, "0", 1, 2)],
)
def test_pages_begin_with_the_newest_and_lose_nothing(
    count: int, number: int, first: str | None, rows: int, pages: int
) -> None:
    page = newest([Note(text=str(each)) for each in range(count)], number)
    assert (page.rows[0].text if page.rows else None, len(page.rows), page.pages) == (first, rows, pages)
