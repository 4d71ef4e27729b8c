"""openFDA: device recalls joined with enforcement reports, as notices; and reports of adverse events (events.py).

query.py asks and pages, joining.py finds for a record of one endpoint its other half, mapping.py turns the two into one
notice, connector.py decides what to read.

* `/device/enforcement.json` is the weekly report: class, status, lots (`code_info`, going on in `more_code_info`).
  `/device/recall.json` is the recall database: what the firm told its customers to do (`action`), the root cause, product
  code and premarket submissions; a recall is here weeks before it is classified and reported there.
* The two are joined by number (`recall_number` = `product_res_number`), else by event (`event_id` =
  `res_event_number`) and product.
* No record says when it was changed. `meta.last_updated` is the day on which the whole endpoint was: until it moves, nothing
  is read; then all that is new, all that is not terminated, and, each `sweep_days`, everything.
* Numbers of results are limited (`skip` to 25,000), so pages are followed by the Link header (`search_after`).
"""

from lotwatch.sources.openfda.connector import OpenFda, pull
from lotwatch.sources.openfda.events import OpenFdaEvents, pull_events

__all__ = ["OpenFda", "OpenFdaEvents", "pull", "pull_events"]
