"""`make bench`: how fast the project's own statements are, on data made for it, as ratios within one run."""
