"""Unique device identifiers as they are scanned, typed or printed: `parse` reads the label of every issuing agency.

GS1 is read with `biip`; HIBC, ISBT 128 (ICCBBA), MA and AHM have no well-kept library, so their syntax is read here.
"""

from lotwatch.master.udi.model import Agency, Udi, UdiWarning, describe
from lotwatch.master.udi.parse import parse

__all__ = ["Agency", "Udi", "UdiWarning", "describe", "parse"]
