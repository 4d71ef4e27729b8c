-- What one run suggests.
COPY suggested (
    system, kind, their_code, our_code, score, reason, theirs, package_level, units_contained, waiting
) FROM STDIN;
