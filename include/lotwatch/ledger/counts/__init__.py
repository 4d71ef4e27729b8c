"""Opening balances and stocktakes: a count is compared with the books of its moment and, approved, moves the difference."""

from lotwatch.ledger.counts.count import (
    Count,
    CountLine,
    count_of,
    decide_count,
    differing_lines,
    list_counts,
    post_counts,
)

__all__ = ["Count", "CountLine", "count_of", "decide_count", "differing_lines", "list_counts", "post_counts"]
