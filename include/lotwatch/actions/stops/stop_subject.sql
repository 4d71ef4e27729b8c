-- Is there a region, a rule with an alert, or a supplier of this name?
SELECT CASE %(scope)s
    WHEN 'all' THEN %(key)s::text = ''
    WHEN 'region'
        THEN EXISTS (
            SELECT 1 FROM lotwatch.location AS place
            WHERE place.region = %(key)s
        )
    WHEN 'rule'
        THEN EXISTS (
            SELECT 1 FROM lotwatch.alert AS alert
            WHERE alert.rule_id = %(key)s
        )
    WHEN 'supplier'
        THEN EXISTS (
            SELECT 1 FROM lotwatch.supplier AS supplier
            WHERE supplier.code = %(key)s
        )
END;
