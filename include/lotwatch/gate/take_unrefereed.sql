-- Whoever asks is told of the batches that nobody refereed.
UPDATE lotwatch.batch SET unrefereed = FALSE
WHERE unrefereed;
