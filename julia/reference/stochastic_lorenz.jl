# Moments of the Lorenz system with noise in proportion to the state.
include("record.jl")
using Random, StaticArrays, Statistics, StochasticDiffEq
using SciMLBase: EnsembleProblem, SDEProblem, solve

drift(u, p, t) = SVector(10 * (u[2] - u[1]), u[1] * (28 - u[3]) - u[2], u[1] * u[2] - 8 / 3 * u[3])
noise(u, p, t) = 0.2 .* u

const PATHS = 20_000
times = [0.1, 0.2, 0.5, 1.0, 2.0]
problem = SDEProblem(drift, noise, SVector(1.0, 1.0, 1.0), (0.0, 2.0))
Random.seed!(20)
solutions = solve(
    EnsembleProblem(problem), SRIW1(), EnsembleSerial();
    trajectories=PATHS, dt=1e-3, adaptive=false, saveat=times, save_start=false,
)
values_of(k, n) = [path.u[k][n] for path in solutions.u]
columns = [[values_of(k, n) for k in eachindex(times)] for n in 1:3]
record(
    "stochastic_lorenz",
    "Lorenz 63 from (1, 1, 1) with diagonal Ito noise 0.2 u dW: moments of 20000 paths of SRIW1 with steps of 0.001",
    ["StochasticDiffEq"],
    [
        "time" => (("time",), times)
        "trajectories" => ((), fill(Float64(PATHS)))
        ["$(name)_mean" => (("time",), mean.(columns[n])) for (n, name) in enumerate("xyz")]
        ["$(name)_sd" => (("time",), std.(columns[n])) for (n, name) in enumerate("xyz")]
        ["$(name)_fourth" => (("time",), [mean((c .- mean(c)) .^ 4) for c in columns[n]]) for (n, name) in enumerate("xyz")]
    ],
)
