"""
Stochastic equations and ensembles: many trajectories of a small system as lanes of one batched
problem, and single trajectories in place where that cannot be.
"""
module Lanes

using ..PySciML:
    Course, Given, NoSolver, Series, Status, System, Tsitouras, Watch, at_time, choose_pieces!, course,
    finish, fresh, march!, plain
import ..PySciML: stepped!

include("noise.jl")
include("lanes/steps.jl")
include("lanes/fixed.jl")
include("lanes/ensemble.jl")
include("lanes/tsit5.jl")
include("lanes/adaptive.jl")
include("lanes/device.jl")
include("path/field.jl")
include("path/steps.jl")
include("path/solve.jl")
include("lanes/entry.jl")

end
