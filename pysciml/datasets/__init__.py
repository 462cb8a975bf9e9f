"""Labelled data: real recordings, synthetic benchmarks, splits in time and standardisation."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
