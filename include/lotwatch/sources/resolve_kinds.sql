-- For which kinds of thing does the source have codes of its own?
SELECT k.kind
FROM unnest(%(kinds)s::text[]) AS k (kind)
WHERE
    EXISTS (
        SELECT 1 FROM lotwatch.cross_reference AS x
        WHERE x.system = %(source)s AND x.kind = k.kind
    )
    OR EXISTS (
        SELECT 1 FROM lotwatch.waiting_cross_reference AS x
        WHERE x.system = %(source)s AND x.kind = k.kind
    );
