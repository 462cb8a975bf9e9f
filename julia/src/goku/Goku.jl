"""
    Goku

GOKU-UI and its relatives: latent differential-equation models of time series, as Lux layers, with
their training.

Arrays have the features first and time last: data `(channel, batch, time)`, which in memory is
what the jax engine calls `(time, batch, channel)`. Every layer has, beside its Lux call, a method
of [`pullback`](@ref): what it gives, and what takes cotangents back. Those are written by hand,
so that training needs no tool for automatic differentiation and compiles in seconds.
"""
module Goku

using LinearAlgebra: mul!, norm
using LuxCore: LuxCore, AbstractLuxContainerLayer, AbstractLuxLayer
using PrecompileTools: @compile_workload
using Random: AbstractRNG, Xoshiro
using Statistics: mean, std
using ..PySciML: PySciML, Adjoints, Field, System

include("flat.jl")
include("activations.jl")
include("layers.jl")
include("recurrent.jl")
include("windows.jl")
include("encoder.jl")
include("taming.jl")
include("cores.jl")
include("device.jl")
include("network.jl")
include("objective.jl")
include("draws.jl")
include("run.jl")
include("refine.jl")
include("infer.jl")
include("border.jl")
include("workload.jl")

end
