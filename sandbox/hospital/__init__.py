"""A hospital's FHIR server for trials and tests, in R4 and R5."""
