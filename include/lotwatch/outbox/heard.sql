-- Has the provider told that it took this message?
SELECT EXISTS(
    SELECT FROM lotwatch.message_event
    WHERE reference = %(key)s AND event IN ('processed', 'delivered')
);
