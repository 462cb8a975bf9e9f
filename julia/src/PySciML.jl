"""
    PySciML

The Julia engine of pysciml: solves, differentiates and trains models whose equations arrive as
translated Julia source. It can be used from Julia alone.
"""
module PySciML

include("semantics.jl")
include("system.jl")
include("adjoint/Adjoints.jl")

using .Adjoints

end
