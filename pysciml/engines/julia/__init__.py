"""The julia engine: models translated to Julia source."""
