"""Models as Julia source: what JAX has traced, equation by equation."""
