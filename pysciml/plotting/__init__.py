"""Figures of solutions, training runs and forecasts, in one restrained style.

Every function takes labelled data and returns a `matplotlib.figure.Figure`; nothing touches
the global state of pyplot, so the functions work in scripts, servers and notebooks alike.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
