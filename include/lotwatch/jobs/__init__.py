"""The one place where the rooms are put together: a function for each task of a DAG.

Each takes a connection and the circumstances of the run, does one thing, and returns counts for people to read.
"""
