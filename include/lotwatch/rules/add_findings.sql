-- What the compiled rules about one more subject find.
-- noqa: disable=PRS
INSERT INTO finding
{found}
