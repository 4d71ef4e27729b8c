"""Who or what did each thing, when and why."""

from lotwatch.audit.context import RunContext
from lotwatch.audit.trail import begin_run, log_counts, log_death, log_error, record, record_acted, record_many

__all__ = ["RunContext", "begin_run", "log_counts", "log_death", "log_error", "record", "record_acted", "record_many"]
