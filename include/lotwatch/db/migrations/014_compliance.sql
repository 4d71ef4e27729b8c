-- Compliance: recall notices and field safety notices as they were read, version by version; and what became of the labels
-- of what was received.

-- A record of a label may bring its text as it was scanned, beside or instead of what it says.
ALTER TABLE stage.movement ADD COLUMN udi text;
COMMENT ON COLUMN stage.movement.udi IS 'the label as it was scanned; it fills in what the record itself does not say';
ALTER TABLE stage.delivery_line ADD COLUMN udi text;
COMMENT ON COLUMN stage.delivery_line.udi IS 'the label as it was scanned; it fills in what the record itself does not say';

CREATE TABLE stage.notice (
    batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    record_no bigint GENERATED ALWAYS AS IDENTITY,
    source_key text COLLATE "C" NOT NULL,
    raw jsonb NOT NULL,
    errors text[],
    warnings text[],
    authority text COLLATE "C",
    supplier_code text COLLATE "C",
    number text COLLATE "C",
    event_number text COLLATE "C",
    recall_class text,
    status text,
    action_kind text,
    action text,
    reason text,
    root_cause text,
    title text,
    product_description text,
    code_info text,
    more_code_info text,
    udi_dis text[],
    catalogue_numbers text[],
    product_codes text[],
    k_numbers text[],
    firm text,
    distribution text,
    quantity text,
    language text,
    initiated_on date,
    published_on date,
    terminated_on date,
    url text,
    body text,
    attachments jsonb,
    said_at timestamptz,
    stated jsonb,
    PRIMARY KEY (batch_id, record_no)
);
COMMENT ON COLUMN stage.notice.supplier_code IS 'who sent it, where that is a supplier of ours';
COMMENT ON COLUMN stage.notice.quantity IS 'in the notice''s own words';
COMMENT ON COLUMN stage.notice.said_at IS 'when this content was said; null: when it was read';

-- A notice: who issued it, and under which number.
CREATE TABLE lotwatch.notice (
    notice_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    authority text COLLATE "C" NOT NULL,
    issuer text COLLATE "C" NOT NULL DEFAULT '',
    number text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    source_key text COLLATE "C" NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (authority, issuer, number)
);
COMMENT ON COLUMN lotwatch.notice.authority IS 'fda, nmpa, gs1, supplier or another body that issues notices';
COMMENT ON COLUMN lotwatch.notice.issuer IS 'code of the supplier whose notice it is: numbers of different suppliers may be alike; empty: an authority''s';
COMMENT ON COLUMN lotwatch.notice.source IS 'the source that told of it first, and the record''s identity there';
REVOKE UPDATE, DELETE ON lotwatch.notice FROM lotwatch_app;
CREATE TRIGGER notice_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch.notice
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();

-- What a notice said, each time it said something else than before.
CREATE TABLE lotwatch.notice_version (
    version_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    notice_id bigint NOT NULL REFERENCES lotwatch.notice,
    source text COLLATE "C" NOT NULL,
    source_key text COLLATE "C" NOT NULL,
    batch_id bigint REFERENCES lotwatch.batch,
    said_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    digest bytea NOT NULL,
    event_number text COLLATE "C",
    recall_class text,
    status text,
    action_kind text,
    action text,
    reason text,
    root_cause text,
    title text,
    product_description text,
    code_info text,
    more_code_info text,
    udi_dis text[] NOT NULL DEFAULT '{}',
    catalogue_numbers text[] NOT NULL DEFAULT '{}',
    product_codes text[] NOT NULL DEFAULT '{}',
    k_numbers text[] NOT NULL DEFAULT '{}',
    firm text,
    distribution text,
    quantity text,
    language text,
    initiated_on date,
    published_on date,
    terminated_on date,
    url text,
    body text,
    attachments jsonb NOT NULL DEFAULT '[]',
    raw jsonb NOT NULL,
    UNIQUE (notice_id, said_at, digest)
);
COMMENT ON TABLE lotwatch.notice_version IS 'append-only; the version in force is the one said last, and of two said at once the one recorded last';
COMMENT ON COLUMN lotwatch.notice_version.said_at IS 'when the issuer said it, as far as that is known: versions may be learned out of order';
COMMENT ON COLUMN lotwatch.notice_version.digest IS 'SHA-256 of the content, without when and by whom it was told';
COMMENT ON COLUMN lotwatch.notice_version.event_number IS 'the event that notices about several products share';
COMMENT ON COLUMN lotwatch.notice_version.recall_class IS 'I, II or III, I the most serious; not the class of the device, whose order is the opposite';
COMMENT ON COLUMN lotwatch.notice_version.status IS 'pending, ongoing, completed, terminated; unknown: in other words, which are in raw';
COMMENT ON COLUMN lotwatch.notice_version.action_kind IS 'remove, correct, inspect, advise or other, where the notice says so; null: see action and body';
COMMENT ON COLUMN lotwatch.notice_version.code_info IS 'lots, serials and identifiers in the notice''s own words; more_code_info goes on where it ends';
COMMENT ON COLUMN lotwatch.notice_version.udi_dis IS 'device identifiers it names';
COMMENT ON COLUMN lotwatch.notice_version.catalogue_numbers IS 'of its firm';
COMMENT ON COLUMN lotwatch.notice_version.product_codes IS 'FDA product codes, three letters: the kind of device';
COMMENT ON COLUMN lotwatch.notice_version.k_numbers IS 'premarket submissions';
COMMENT ON COLUMN lotwatch.notice_version.firm IS 'the legal manufacturer, or who recalls for it';
COMMENT ON COLUMN lotwatch.notice_version.quantity IS 'in the notice''s own words';
COMMENT ON COLUMN lotwatch.notice_version.language IS 'ISO 639-1';
COMMENT ON COLUMN lotwatch.notice_version.initiated_on IS 'when the firm began';
COMMENT ON COLUMN lotwatch.notice_version.published_on IS 'when it was made public, or the letter written';
COMMENT ON COLUMN lotwatch.notice_version.body IS 'the text of a letter';
COMMENT ON COLUMN lotwatch.notice_version.attachments IS '[{"name", "media_type", "size": bytes, "sha256"}] of the letter''s files';
CREATE INDEX notice_version_latest ON lotwatch.notice_version (notice_id, said_at, version_id);
CREATE INDEX notice_version_event ON lotwatch.notice_version (event_number) WHERE event_number IS NOT NULL;
REVOKE UPDATE, DELETE ON lotwatch.notice_version FROM lotwatch_app;
CREATE TRIGGER notice_version_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch.notice_version
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();

-- Each notice as it says now.
CREATE VIEW lotwatch.notice_current WITH (security_invoker = TRUE) AS
SELECT
    n.authority,
    n.issuer,
    n.number,
    n.recorded_at AS first_recorded_at,
    v.*
FROM lotwatch.notice AS n
CROSS JOIN LATERAL (
    SELECT version.*
    FROM lotwatch.notice_version AS version
    WHERE version.notice_id = n.notice_id
    ORDER BY version.said_at DESC, version.version_id DESC
    LIMIT 1
) AS v;

-- What was found about the label of each receipt from outside.
CREATE TABLE lotwatch.udi_check (
    movement_id bigint PRIMARY KEY,
    item_id bigint NOT NULL,
    location_id bigint NOT NULL,
    lot_id bigint NOT NULL,
    serial_id bigint NOT NULL,
    udi_di text COLLATE "C",
    outcome text NOT NULL CHECK (outcome IN ('verified', 'failed', 'not_verifiable')),
    findings text[] NOT NULL DEFAULT '{}' CHECK (findings <@ ARRAY[
        'di_unknown', 'di_of_another_item', 'lot_missing', 'lot_unexpected', 'lot_differs', 'serial_missing',
        'serial_unexpected', 'serial_differs', 'serial_elsewhere', 'expiry_missing', 'expiry_differs',
        'registration_not_in_force', 'registration_differs', 'package_quantity'
    ]),
    high_value boolean NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((outcome = 'failed') = (findings <> '{}'))
);
COMMENT ON TABLE lotwatch.udi_check IS 'append-only: what was so when it was received';
COMMENT ON COLUMN lotwatch.udi_check.lot_id IS '0: none, as for serial_id; the lot of a serial unit is the unit''s';
COMMENT ON COLUMN lotwatch.udi_check.outcome IS 'not_verifiable: neither a label nor a record of the device to compare with';
COMMENT ON COLUMN lotwatch.udi_check.high_value IS 'whether a failed check holds it, by the settings of the day';
CREATE INDEX udi_check_item ON lotwatch.udi_check (item_id, recorded_at);
CREATE INDEX udi_check_failed ON lotwatch.udi_check (recorded_at) WHERE outcome = 'failed';
REVOKE UPDATE, DELETE ON lotwatch.udi_check FROM lotwatch_app;
CREATE TRIGGER udi_check_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch.udi_check
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();

-- A notice concerns everybody; what was received, who sees its place.
CALL lotwatch.show_on_board('lotwatch.notice', '(SELECT lotwatch.user_is_known())');
CALL lotwatch.show_on_board('lotwatch.notice_version', '(SELECT lotwatch.user_is_known())');
GRANT SELECT ON lotwatch.notice_current TO lotwatch_board;
CALL lotwatch.show_on_board(
    'lotwatch.udi_check',
    '(SELECT lotwatch.user_sees_all()) OR location_id IN'
    ' (SELECT place.location_id FROM lotwatch.location AS place WHERE place.site_id IS NOT NULL)'
);
