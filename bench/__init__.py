"""Benchmarks: ratios between named rivals in one run, never absolute claims."""
