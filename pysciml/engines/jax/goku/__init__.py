"""GOKU-UI and its relatives as equinox networks over the lean kernels."""
