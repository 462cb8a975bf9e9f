"""Julia in this process: where it is, how it is installed, started and called."""
