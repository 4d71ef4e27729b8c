"""What takes a running Airflow."""

#: seconds: only ever reached when something is wrong, so ample for a machine that does much else at the same time
PATIENCE = 300
