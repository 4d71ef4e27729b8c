"""The inbox's door in Airflow's API server: POST /lotwatch-inbox/v1/{source}, the only route without Airflow's login.

What is signed by a key of the source is kept and answered with 202 once it is committed; see docs/push.md.
"""

MOUNT = "/lotwatch-inbox"
