"""What the stylesheet does to whole pages."""

import re
from importlib.resources import files

BOARD = files("lotwatch_airflow.board")


def test_no_page_is_hidden_by_a_class_that_something_else_bears() -> None:
    css = re.sub(r"/\*.*?\*/", "", (BOARD / "static" / "board.css").read_text(encoding="utf-8"), flags=re.DOTALL)
    hiding = re.findall(r"([^{}]+)\{[^{}]*display:\s*none", css)
    hidden = {name for selectors in hiding for name in re.findall(r"(?:^|,)\s*\.([\w-]+)\s*(?=,|$)", selectors.strip())}
    assert {"notice", "back"} <= hidden, "what is hidden is not found any more"
    for template in (BOARD / "templates").iterdir():
        for names in re.findall(r'<main class="([^"]+)"', template.read_text(encoding="utf-8")):
            assert not set(names.split()) & hidden, template.name
