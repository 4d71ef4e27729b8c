-- The gate: check characters, periods of registration, what each validation found, and batches that a person decides on.

-- Does the check character of a HIBC hold (ANSI/HIBC 2.6, modulo 43 over the whole message)? Only a code that begins with +
-- is a message and has one; GUDID and EUDAMED list device identifiers without both.
CREATE FUNCTION lotwatch.hibcc_check_character_holds(code text) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE
    WHEN NOT starts_with(code, '+') THEN true
    WHEN code !~ '^\+[A-Z][A-Z0-9]{3}[A-Z0-9]{1,18}[0-9][0-9A-Z. $/+%-]$' THEN false
    ELSE (
        SELECT
            sum(strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%', c.character) - 1) % 43
            = strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%', right(code, 1)) - 1
        FROM string_to_table(left(code, -1), NULL) AS c (character)
    )
END;

-- As in 007; of a HIBC that is written as on the label, the check character is no part of the identifier either.
CREATE OR REPLACE FUNCTION lotwatch.identifier_key(code text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE
    WHEN code ~ '^([0-9]{8}|[0-9]{12,14})$' THEN lpad(code, 14, '0')
    WHEN starts_with(code, '+') AND lotwatch.hibcc_check_character_holds(code) THEN substr(code, 2, length(code) - 2)
    ELSE ltrim(code, '+')
END;
REINDEX INDEX lotwatch.item_identifier_key;
REINDEX INDEX lotwatch.device_record_key;

-- Does the code look like one of its agency (HIBC as above, ISBT 128 ST-001, MA's coding manual, the twenty digits of AHM)?
CREATE FUNCTION lotwatch.identifier_fits_agency(agency text, code text) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE agency
    WHEN 'HIBCC' THEN code ~ '^(\+[A-Z][A-Z0-9]{3}[A-Z0-9]{1,18}[0-9].|[A-Z][A-Z0-9]{3}[A-Z0-9]{1,18}[0-9])$'
    WHEN 'ICCBBA' THEN code ~ '^((=/)?[A-Z0-9]{16}|(=\))?[A-Z0-9]{10})$'
    WHEN 'MA' THEN code ~ '^MA\.[0-9]{3}\.M0\.[0-9A-Za-z]{6}\.[0-9A-Za-z]{8,16}$'
    WHEN 'AHM' THEN code ~ '^8[0-9]{19}$'
    ELSE true
END;

-- Is it a currency in use (ISO 4217, list one, without funds and metals)?
CREATE FUNCTION lotwatch.is_currency(code text) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN code = ANY (string_to_array(
    'AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY'
    ' COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR'
    ' IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR'
    ' MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD'
    ' SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD'
    ' XCG XOF XPF YER ZAR ZMW ZWG',
    ' '
));

-- Who runs a place in law: itself, or its site. Places of nobody are left out.
CREATE VIEW lotwatch.place_entity AS
SELECT
    place.code,
    coalesce(place.legal_entity_id, site.legal_entity_id) AS legal_entity_id
FROM lotwatch.location AS place
LEFT JOIN lotwatch.location AS site ON site.location_id = place.site_id
WHERE coalesce(place.legal_entity_id, site.legal_entity_id) IS NOT NULL;

-- How many base units are in a package or another unit of an item, where it is more than one.
CREATE VIEW lotwatch.item_package AS
SELECT item_id, factor FROM lotwatch.item_unit
WHERE factor > 1
UNION
SELECT item_id, units_contained FROM lotwatch.item_identifier
WHERE units_contained > 1;

-- A second code for the same thing is found by its name.
CREATE INDEX item_name ON lotwatch.item (lower(name));

-- Whoever works with the records reads Chinese as often as English.
ALTER TABLE lotwatch.quarantine ADD COLUMN reasons_zh text [];
COMMENT ON COLUMN lotwatch.quarantine.reasons_zh IS 'the same reasons in Chinese; null: told by a connector, in English alone';

-- What a person decides on a batch, and whether people were told of it.
ALTER TABLE lotwatch.batch
DROP CONSTRAINT batch_state_check,
ADD CONSTRAINT batch_state_check CHECK (state IN ('staged', 'judged', 'posted', 'stopped', 'discarded')),
ADD COLUMN accepted_share numeric CHECK (accepted_share BETWEEN 0 AND 1),
ADD COLUMN told boolean NOT NULL DEFAULT true;
ALTER TABLE lotwatch.batch ALTER COLUMN told SET DEFAULT false;
COMMENT ON COLUMN lotwatch.batch.state IS
'stopped: the gate would not let it on (a broken check, or too much of it bad); a person decides. discarded: a person decided against it, its records lie in quarantine as discarded';
COMMENT ON COLUMN lotwatch.batch.accepted_share IS
'the share (0 to 1) of newly bad records that a person accepts in this batch alone; null: its source''s thresholds';
COMMENT ON COLUMN lotwatch.batch.told IS 'whether the message about what the gate found in it is in the outbox, or was not needed';
CREATE INDEX batch_untold ON lotwatch.batch (source) WHERE NOT told;

-- What the gate looked at: one row for each entity of a batch.
CREATE TABLE lotwatch.validation (
    batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    entity text NOT NULL,
    source text NOT NULL,
    judged_at timestamptz NOT NULL,
    evaluated bigint NOT NULL CHECK (evaluated >= 0),
    checks integer NOT NULL CHECK (checks >= 0),
    refereed boolean NOT NULL,
    page text,
    PRIMARY KEY (batch_id, entity)
);
COMMENT ON COLUMN lotwatch.validation.judged_at IS 'the moment of the run that judged the batch, not the clock''s';
COMMENT ON COLUMN lotwatch.validation.evaluated IS 'records of the entity in the batch';
COMMENT ON COLUMN lotwatch.validation.checks IS 'rules of the entity''s suite; those without a row in rule_result were kept by all records';
COMMENT ON COLUMN lotwatch.validation.refereed IS 'whether Great Expectations counted too';
COMMENT ON COLUMN lotwatch.validation.page IS 'its page in Data Docs; null: there is none';
CREATE INDEX validation_trend ON lotwatch.validation (source, entity, batch_id);

-- The rules that records of a batch broke.
CREATE TABLE lotwatch.rule_result (
    batch_id bigint NOT NULL,
    entity text NOT NULL,
    rule text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('critical', 'warning')),
    failing bigint NOT NULL CHECK (failing > 0),
    reason jsonb NOT NULL,
    examples jsonb NOT NULL,
    PRIMARY KEY (batch_id, entity, rule),
    FOREIGN KEY (batch_id, entity) REFERENCES lotwatch.validation
);
CREATE INDEX rule_result_trend ON lotwatch.rule_result (entity, rule, batch_id);
COMMENT ON COLUMN lotwatch.rule_result.reason IS '{"en", "zh"}: the rule''s reason with the names of its columns';
COMMENT ON COLUMN lotwatch.rule_result.examples IS
'up to five of [{"source_key", "reason": {"en", "zh"}, "known": whether it was in quarantine before}], new ones first';

CALL lotwatch.show_on_board('lotwatch.validation', '(SELECT lotwatch.user_sees_all())');
CALL lotwatch.show_on_board('lotwatch.rule_result', '(SELECT lotwatch.user_sees_all())');
