-- Which pushed batches nobody refereed, since too many judged rows waited for it.
ALTER TABLE lotwatch.batch ADD COLUMN unrefereed boolean;
COMMENT ON COLUMN lotwatch.batch.unrefereed IS
'true: judged by SQL alone, and nobody was told of that; false: somebody was; null: refereed, or to be refereed';
CREATE INDEX batch_unrefereed ON lotwatch.batch (batch_id) WHERE unrefereed;
