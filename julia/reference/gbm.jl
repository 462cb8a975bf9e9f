# Geometric Brownian motion on given increments: one scheme of Ito, one of Stratonovich.
include("record.jl")
using DiffEqNoiseProcess, Random, StochasticDiffEq
using SciMLBase: SDEProblem, solve

const STEPS, PATHS, H = 200, 4, 0.005
increments = sqrt(H) * randn(Xoshiro(1), PATHS, STEPS)
times = H * (0:STEPS)

function paths(algorithm)
    rows = map(1:PATHS) do k
        motion = NoiseGrid(collect(times), [0; cumsum(increments[k, :])])
        problem = SDEProblem((u, p, t) -> 0.1u, (u, p, t) -> 0.3u, 1.0, (0.0, 1.0); noise=motion)
        solve(problem, algorithm; dt=H, adaptive=false).u[1:STEPS+1]
    end
    return stack(rows; dims=1)
end

record(
    "gbm",
    "dX = 0.1 X dt + 0.3 X dW, X(0) = 1, on given increments: EM(false), which is Euler-Maruyama (Ito), and EulerHeun (Stratonovich)",
    ["StochasticDiffEq", "DiffEqNoiseProcess"],
    [
        "time" => (("time",), collect(times)),
        "increment" => (("trajectory", "step"), increments),
        "euler_maruyama" => (("trajectory", "time"), paths(EM(false))),
        "euler_heun" => (("trajectory", "time"), paths(EulerHeun())),
    ],
)
