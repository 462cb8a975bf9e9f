"""The engines that run tasks: jax (embedded) and, where Julia is installed, julia."""
