"""Published scores of every patient at one moment, as intervals while something is missing."""

from monitoring.analysis.scores.table import scores

__all__ = ["scores"]
