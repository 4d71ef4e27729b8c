"""Clauses and our stock into verdicts: affected, not affected, or for a person to say."""

from lotwatch.recall.matching.decide import similar_makers
from lotwatch.recall.matching.match import Matched, known_makers, makers_told, match, told
from lotwatch.recall.matching.model import REASONS, Answer, Subject, Told, Verdict

__all__ = [
    "REASONS",
    "Answer",
    "Matched",
    "Subject",
    "Told",
    "Verdict",
    "known_makers",
    "makers_told",
    "match",
    "similar_makers",
    "told",
]
