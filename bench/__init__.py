"""Benchmarks: ratios between named rivals within one run, never absolute claims."""
