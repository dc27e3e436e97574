"""Benchmarks: what the road carries on this machine, each against a baseline in the same run."""
