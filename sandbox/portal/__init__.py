"""A supplier's order portal in REST JSON, UBL 2.1 and cXML, strict about what it takes, and able to misbehave on demand."""
