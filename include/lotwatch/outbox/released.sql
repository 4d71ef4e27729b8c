-- When were messages let go to this subscriber since then?
SELECT released_at FROM lotwatch.message_delivery
WHERE subscriber = %(subscriber)s AND released_at > %(since)s
ORDER BY released_at;
