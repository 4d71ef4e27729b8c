"""Everything on one machine: embedded PostgreSQL, Airflow's parts and, for trials, the sandbox, under one supervisor."""
