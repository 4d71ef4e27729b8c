"""Finds the processes of a running installation, to end them at the worst moment."""

import psutil


def holder_of(port: int) -> psutil.Process:
    """The process that talks to PostgreSQL from this port of 127.0.0.1."""
    (pid,) = {each.pid for each in psutil.net_connections("tcp") if each.laddr.port == port and each.pid}
    return psutil.Process(pid)
