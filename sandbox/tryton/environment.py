"""What the scripts that run inside Tryton's environment share: the job they are given, and Tryton itself.

These scripts run as `python -m sandbox.tryton.<script> <trytond.conf>` with their job (a JSON object, secrets
included) on standard input, so that no password shows in a process list.
"""

import json
import sys
from collections.abc import Callable
from typing import Any


def read_job() -> dict[str, Any]:
    """The job on standard input, after pointing trytond at the configuration file named on the command line.

    Nothing of trytond that reads its configuration may be imported before this has run.
    """
    from trytond import config

    config.update_etc([sys.argv[1]])
    job: dict[str, Any] = json.load(sys.stdin)
    return job


def set_log_level() -> None:
    """Only warnings and worse: module activation logs every view it loads."""
    import logging

    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")


def in_transaction(database: str, work: Callable[[Any], None]) -> None:
    """Run `work(pool)` as Tryton's root user in one transaction.

    Tryton asks for a transaction to be started again with what it found out it needs (a lock on a table).
    """
    from trytond.pool import Pool
    from trytond.transaction import Transaction, TransactionError

    needs: dict[str, Any] = {}
    while True:
        with Transaction().start(database, 0, **needs) as transaction:
            try:
                work(Pool())
            except TransactionError as error:
                transaction.rollback()
                error.fix(needs)
            else:
                return
