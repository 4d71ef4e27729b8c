"""Where did it come from, where did it go, where is it: lots and serial units followed through everything that moved.

`trace_numbers`, `trace_udi`, `trace_shipment` and `trace_department` begin with what people have in hand;
`trace_subjects` with lot and serial ids.
"""

from lotwatch.ledger.trace.follow import trace_subjects
from lotwatch.ledger.trace.model import LotTrace, Subject, Trace
from lotwatch.ledger.trace.starts import Number, trace_department, trace_numbers, trace_shipment, trace_udi

__all__ = [
    "LotTrace",
    "Number",
    "Subject",
    "Trace",
    "trace_department",
    "trace_numbers",
    "trace_shipment",
    "trace_subjects",
    "trace_udi",
]
