"""The board: what needs somebody, what is where, which orders are on their way. Pages in Airflow's own navigation."""

#: where Airflow mounts the board
MOUNT = "/lotwatch"
