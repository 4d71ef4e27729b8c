"""A good record must never be lost: what could not be posted stops the whole batch."""

from collections.abc import Sequence

from lotwatch.errors import LotwatchError


def refuse_loss(batch_id: int, entity: str, source_keys: Sequence[str]) -> None:
    """Raise LotwatchError when there are records of a batch that passed the gate and were not posted."""
    if source_keys:
        examples = "; ".join(f"{entity} {source_key}" for source_key in source_keys[:5])
        raise LotwatchError(
            f"{len(source_keys)} records passed the gate but found no item, place or party to be posted to",
            where=f"batch {batch_id}: {examples}",
            do="nothing of the batch was posted; check the reference rules (REF...) in expectations/",
        )
