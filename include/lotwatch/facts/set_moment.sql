-- The fact views show this moment until the transaction ends.
SELECT
    set_config('lotwatch.as_of', %(as_of)s, true),
    set_config('lotwatch.live', %(live)s, true);
