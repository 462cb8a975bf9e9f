"""GOKU-UI and its relatives on the julia engine."""
