"""The parts of benchmarks/solve.py: one file per workload, with pysciml and its peers."""
