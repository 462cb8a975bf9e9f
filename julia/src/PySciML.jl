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
include("native.jl")
include("arrays.jl")
include("returncodes.jl")
include("inputs.jl")
include("fields.jl")
include("solvers.jl")
include("events.jl")
include("fixedsteps.jl")
include("adaptive.jl")
include("solve.jl")
include("adjoint/schemes.jl")
include("adjoint/lanes.jl")
include("adjoint/path.jl")
include("adjoint/sweep_lanes.jl")
include("adjoint/sweep_vectors.jl")
include("adjoint/pullback.jl")
include("lanes.jl")

using .Lanes
export Noise, Stream, solve_lanes!, solve_paths!
include("adjoint/Adjoints.jl")

using .Adjoints
include("goku/Goku.jl")

end
