# The stiff van der Pol oscillator, mu = 1000.
include("record.jl")
using OrdinaryDiffEqRosenbrock
using SciMLBase: ODEProblem, solve

function rate!(du, u, p, t)
    du[1] = u[2]
    du[2] = 1000 * (1 - u[1]^2) * u[2] - u[1]
    return nothing
end

times = 0:50.0:2000
problem = ODEProblem(rate!, [2.0, 0.0], (0.0, 2000.0))
solution = solve(problem, Rodas5P(); reltol=1e-11, abstol=1e-11, saveat=times, maxiters=10^7)
record(
    "vanderpol",
    "x' = v, v' = 1000 (1 - x^2) v - x from (2, 0): Rodas5P at 1e-11",
    ["OrdinaryDiffEqRosenbrock"],
    [
        "time" => (("time",), collect(times)),
        "x" => (("time",), [u[1] for u in solution.u]),
        "v" => (("time",), [u[2] for u in solution.u]),
    ],
)
