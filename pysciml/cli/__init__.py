"""The command line: ``pysciml doctor | catalog | solve | train | resume | report``."""
