"""
    PySciML

The Julia engine of pysciml: solves, differentiates and trains models whose equations arrive as
translated Julia source. It can be used from Julia alone.
"""
module PySciML

include("networks.jl")
include("semantics.jl")
include("sparsity.jl")
include("system.jl")

end
