-- noqa: disable=all
-- What the rules of both sides find, until the transaction ends.
CREATE TEMPORARY TABLE finding ON COMMIT DROP AS
{found}
