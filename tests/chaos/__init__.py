"""Chaos: everything as processes of its own, killed and cut off by a seed, and the accounts of it compared afterwards.

`python -m tests.chaos --seed 7 --minutes 3`, or `make chaos SEED=7 MINUTES=3`. See docs/how-to/chaos.md.
"""
