-- Where the compiled rules put what they find, until the transaction ends. Made from what they find: an INSERT would not
-- be worked out by several processes.
-- noqa: disable=PRS
DROP TABLE IF EXISTS pg_temp.finding;
CREATE TEMPORARY TABLE finding ON COMMIT DROP AS
{found}
