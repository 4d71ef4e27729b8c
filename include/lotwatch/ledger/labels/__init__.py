"""Labels of what was received: do they agree with the books, the item and the regulators' databases?"""

from lotwatch.ledger.labels.check import check_labels
from lotwatch.ledger.labels.policy import LabelPolicy, load_label_policy

__all__ = ["LabelPolicy", "check_labels", "load_label_policy"]
