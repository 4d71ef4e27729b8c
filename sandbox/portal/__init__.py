"""A supplier's order portal: REST JSON over HTTP, strict about what it takes, and able to misbehave on demand."""
