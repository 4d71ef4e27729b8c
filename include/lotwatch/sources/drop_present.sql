-- The keys are needed no longer.
DROP TABLE present;
