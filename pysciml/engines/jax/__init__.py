"""The embedded engine: lean JAX kernels, equinox networks, optax training."""
