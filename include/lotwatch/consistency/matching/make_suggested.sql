-- Where one run puts what it suggests, until its transaction ends.
CREATE TEMPORARY TABLE suggested (
    system text COLLATE "C" NOT NULL,
    kind text NOT NULL,
    their_code text COLLATE "C" NOT NULL,
    our_code text COLLATE "C" NOT NULL,
    score integer NOT NULL,
    reason jsonb NOT NULL,
    theirs jsonb NOT NULL,
    package_level text NOT NULL,
    units_contained bigint,
    waiting integer NOT NULL
) ON COMMIT DROP;
