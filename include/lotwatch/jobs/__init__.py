"""The one place where the rooms are put together: a function for each task of a DAG, and for what a person does that takes several.

Each takes a connection and the circumstances of the run, does one thing, and returns what people are to read of it.
"""
