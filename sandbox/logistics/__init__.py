"""A carrier's and supplier's visibility service for trials and tests: EPCIS 2.0 events and UBL despatch advices."""
