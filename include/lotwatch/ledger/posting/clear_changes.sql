-- A full sweep answers every change that committed before it reads the facts.
DELETE FROM lotwatch.change;
