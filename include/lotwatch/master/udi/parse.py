"""Tells by its first characters which agency's syntax a text is in, and has it read."""

from datetime import date

from lotwatch.master.udi import china, hibc, iccbba
from lotwatch.master.udi.model import Udi
from lotwatch.master.udi.text import GS, Text


def parse(raw: str, as_of: date) -> Udi:
    """Read the text of a UDI label as a scanner, a keyboard or a document gives it.

    `raw` may be what a scanner sends (FNC1 as GS or any of its usual signs, with or without a symbology identifier),
    the print with its brackets, a GS1 Digital Link, or a GTIN alone; full-width characters and white space between
    elements do no harm. `as_of` settles the century of years of two digits. What is odd but leaves no doubt about what
    the label says (a wrong check digit above all) becomes a warning.

    Raises UdiError, saying where and what to do, if the text is no UDI or could be read only by guessing. A bare lot
    or serial number is no UDI, nor is the bare device identifier of HIBC, which has nothing that would tell it from one.
    """
    text = Text.clean(raw)
    start = text.without_space().chars.lstrip(GS)
    if not start:
        text.refuse(0, "The text is empty", "Scan or type the UDI.")
    if start.startswith(("+", "*+")):
        return hibc.read(text, as_of)
    if start.startswith(("=", "&")):
        return iccbba.read(text, as_of)
    if china.is_ma(start):
        return china.read_ma(text, as_of)
    if china.is_ahm(start):
        return china.read_ahm(text, as_of)
    from lotwatch.master.udi import gs1  # only now: its tables take every task 50 ms or more, and few read a label

    return gs1.read(text, as_of)
