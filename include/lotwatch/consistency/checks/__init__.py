"""The checks: for each, what it says in `<check>.yaml` and what it looks for in `<check>.sql`."""
