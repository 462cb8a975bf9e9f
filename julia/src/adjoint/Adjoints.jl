"""
    Adjoints

Discrete adjoints: the exact gradient of the numbers that a solver computed, by the cotangents of
drift and diffusion that the translator writes. Steps and noise count as constants.
"""
module Adjoints

using OrdinaryDiffEqTsit5: Tsit5
using SciMLBase: FullSpecialize, ODEProblem, ReturnCode, init, step!

using ..PySciML: Field, System, Tsitouras

include("schemes.jl")
include("fields.jl")
include("lanes.jl")
include("path.jl")
include("sweep_lanes.jl")
include("sweep_vectors.jl")
include("pullback.jl")
include("dense.jl")
include("gradient.jl")
include("routes.jl")

end
