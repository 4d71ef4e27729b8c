"""Recalls: from a notice's text to the stock it concerns, held; then the case, to its end."""
