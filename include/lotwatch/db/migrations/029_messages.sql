-- A message is decided once, and delivered to each subscriber it concerns: its deliveries are rows of the outbox too, so
-- that they are claimed, tried again and looked up as everything that leaves the house.

ALTER TABLE lotwatch.outbox
DROP CONSTRAINT outbox_kind_check,
ADD CONSTRAINT outbox_kind_check CHECK (
    kind IN ('erp_draft', 'portal_order', 'warehouse_task', 'message', 'message_delivery')
),
DROP CONSTRAINT outbox_state_check,
ADD CONSTRAINT outbox_state_check CHECK (state IN (
    'waiting', 'unclear', 'sent', 'refused', 'failed', 'held', 'gathered', 'delivered', 'bounced', 'failed_over'
));
COMMENT ON COLUMN lotwatch.outbox.state IS
'waiting: to be sent; unclear: sent, no clear answer, to be looked up before anything is sent again; '
'sent: accepted (a message: its deliveries are made); refused: a guard or the recipient said no; failed: given up, a person must look. '
'Of deliveries of messages also: held: until not_before, for quiet hours, a digest or too many messages; gathered: went with a digest; '
'delivered, bounced: what the provider told later; failed_over: given to the next channel of the subscriber';

-- One message for one subscriber by one channel; where that fails, another row says what the next channel did.
CREATE TABLE lotwatch.message_delivery (
    outbox_id bigint PRIMARY KEY REFERENCES lotwatch.outbox,
    message_id bigint NOT NULL REFERENCES lotwatch.outbox,
    subscriber text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    lang text NOT NULL CHECK (lang IN ('en', 'zh')),
    template text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    released_at timestamptz,
    gathered_in bigint REFERENCES lotwatch.outbox,
    UNIQUE (message_id, subscriber, channel)
);
COMMENT ON COLUMN lotwatch.message_delivery.message_id IS 'the row of the outbox that says what is told';
COMMENT ON COLUMN lotwatch.message_delivery.released_at IS
'when it was let go, which counts against the messages an hour; null: held, gathered, or taken over from another channel';
COMMENT ON COLUMN lotwatch.message_delivery.gathered_in IS 'the digest it went with; null: it goes by itself';
CREATE INDEX message_delivery_released ON lotwatch.message_delivery (subscriber, released_at) WHERE released_at IS NOT NULL;
CREATE INDEX outbox_held ON lotwatch.outbox (not_before) WHERE state = 'held';
CREATE INDEX outbox_messages ON lotwatch.outbox (created_at) WHERE kind = 'message_delivery';

-- How each channel does.
CREATE TABLE lotwatch.channel_health (
    channel text COLLATE "C" PRIMARY KEY,
    failures_in_a_row integer NOT NULL DEFAULT 0,
    failing_since timestamptz,
    last_failure_at timestamptz,
    last_failed_subscriber text COLLATE "C",
    last_error text,
    last_success_at timestamptz
);
COMMENT ON COLUMN lotwatch.channel_health.failing_since IS 'first failure after the last success; null: it works';

CALL lotwatch.show_on_board('lotwatch.message_delivery', '(SELECT lotwatch.user_sees_all())');
CALL lotwatch.show_on_board('lotwatch.channel_health', '(SELECT lotwatch.user_sees_all())');

-- what is over and was told of: few at a time, and asked for after each evaluation
CREATE INDEX alert_cleared ON lotwatch.alert (resolved_at)
WHERE state = 'resolved' AND severity = 'critical' AND notified_at IS NOT NULL;
