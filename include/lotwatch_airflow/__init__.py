"""Where Lotwatch meets Airflow: the only package besides `dags/` that imports it."""
