"""Scientific machine learning for Python users, on top of Julia's SciML."""

import lazy_loader as _lazy

from pysciml.accessor import attach as _attach

__version__ = "0.1.0"

# The names are listed, with their types, in __init__.pyi; each is imported when first used,
# so that `import pysciml` loads neither JAX nor Julia nor matplotlib.
__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
_attach()  # xarray.Dataset.sciml
