"""Benchmarks: `python -m tests.bench`. Each part is printed beside the nearest bare part of the
same run.
"""
