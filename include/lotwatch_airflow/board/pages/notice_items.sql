-- Of a notice that opened no case: what we have of the firms that it names, or of what its supplier delivers?
WITH told AS (
    SELECT unnest(reading.firm_items) AS item_id
    FROM lotwatch.notice_current AS latest
    INNER JOIN lotwatch.recall_reading AS reading ON latest.version_id = reading.version_id
    WHERE latest.notice_id = %(notice)s
    UNION
    SELECT agreement.item_id
    FROM lotwatch.notice_current AS latest
    INNER JOIN lotwatch.supplier AS supplier ON latest.issuer = supplier.code
    INNER JOIN lotwatch.supplier_agreement AS agreement
        ON supplier.supplier_id = agreement.supplier_id AND agreement.active
    WHERE latest.notice_id = %(notice)s AND latest.authority = 'supplier'
)

SELECT
    item.code AS item_code,
    item.name AS item_name,
    coalesce(stocked.physical, 0)::bigint AS physical,
    coalesce(stocked.lots, 0) AS lots
FROM told
INNER JOIN lotwatch.item AS item ON told.item_id = item.item_id
LEFT JOIN (
    SELECT
        stock.item_id,
        sum(stock.quantity) AS physical,
        count(DISTINCT stock.lot_id) FILTER (WHERE stock.lot_id <> 0) AS lots
    FROM lotwatch.stock AS stock
    WHERE stock.item_id = any(ARRAY(SELECT told.item_id FROM told)) AND stock.quantity <> 0
    GROUP BY stock.item_id
) AS stocked ON item.item_id = stocked.item_id
WHERE
    NOT EXISTS (
        SELECT FROM lotwatch.recall_case_notice AS opened
        WHERE opened.notice_id = %(notice)s
    )
ORDER BY stocked.physical DESC NULLS LAST, item.code
LIMIT 200
