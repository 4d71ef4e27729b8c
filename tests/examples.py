"""How many random examples a test tries."""

import os


def examples(usual: int) -> int:
    """So many; EXAMPLES times as many where there is more time (EXAMPLES=10 make test)."""
    return usual * int(os.environ.get("EXAMPLES", "1"))
