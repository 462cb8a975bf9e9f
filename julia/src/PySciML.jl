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
include("tsitouras.jl")
include("events.jl")
include("fixedsteps.jl")
include("adaptive.jl")
include("solve.jl")
include("sensitivities.jl")
include("lanes.jl")
include("stochastic.jl")
include("adjoint/Adjoints.jl")
include("goku/Goku.jl")

using .Adjoints
using .Lanes

export GradientPlan, check_native_route, gradient, gradient!, gradient_route, native_gradient
export Noise, Stream, solve_lanes!, solve_paths!, solve_with_pullback

include("precompile.jl")

end
