# Ensembles in one Julia process: PySciML's lanes beside native SciML and a loop by hand.
#
#     julia --project=ENV benchmarks/julia_ensembles.jl [repeats]
#
# ENV has PySciML, OrdinaryDiffEqTsit5, SciMLBase, StaticArrays and StochasticDiffEq. Every figure is the shortest of interleaved repeats, in ms; the last line is JSON.
using PySciML
using PySciML.Lanes: Grid, Result, Tolerances
using OrdinaryDiffEqTsit5, SciMLBase, StaticArrays, Statistics, StochasticDiffEq
using Random

const REPEATS = isempty(ARGS) ? 5 : parse(Int, ARGS[1])
const BATCH = 10_000

scalar(drift, diffusion="") = """
drift!(du, u, p, t) = (du .= drift(u, p, t); nothing)
drift(u, p, t) = @inbounds ($drift)
diffusion!(du, u, p, t) = (du .= diffusion(u, p, t); nothing)
diffusion(u, p, t) = @inbounds ($diffusion)
"""
styles(names...) = Dict(name => "scalar" for name in names)

# Lorenz 63 from t = 0 to 10, Tsit5 at 1e-6, the end alone.
const LORENZ = System(
    scalar("p[1] * (u[2] - u[1]), u[1] * (p[2] - u[3]) - u[2], u[1] * u[2] - p[3] * u[3]");
    states=3, params=3, styles=styles("drift"),
)
const PARAMS = [10.0, 28.0, 8 / 3]
const STARTS = [1.0 0.0 0.0] .+ 0.1 .* randn(Xoshiro(1), BATCH, 3)

lorenz(u, p, t) = SVector(p[1] * (u[2] - u[1]), u[1] * (p[2] - u[3]) - u[2], u[1] * u[2] - p[3] * u[3])
function lorenz!(du, u, p, t)
    du[1] = p[1] * (u[2] - u[1])
    du[2] = u[1] * (p[2] - u[3]) - u[2]
    du[3] = u[1] * u[2] - p[3] * u[3]
    return nothing
end

function native(problem, start, algorithm, ensemble; options...)
    prepare(prob, context) = remake(prob; u0=start(context.sim_id))
    many = EnsembleProblem(problem; prob_func=prepare, safetycopy=false)
    return solve(many, algorithm, ensemble; trajectories=BATCH, save_everystep=false, options...)
end

lorenz_static(ensemble) = native(
    ODEProblem(lorenz, SVector(1.0, 0, 0), (0.0, 10.0), PARAMS),
    i -> SVector{3}(STARTS[i, 1], STARTS[i, 2], STARTS[i, 3]), Tsit5(), ensemble;
    reltol=1e-6, abstol=1e-6,
)
lorenz_in_place(ensemble) = native(
    ODEProblem(lorenz!, [1.0, 0, 0], (0.0, 10.0), PARAMS), i -> STARTS[i, :], Tsit5(), ensemble;
    reltol=1e-6, abstol=1e-6,
)
function lorenz_lanes(T=Float64)
    result = Result(T, BATCH, 3, 2)
    tolerances = Tolerances{T}(1e-6, 1e-6)
    return solve_lanes!(result, LORENZ, T.(STARTS), T.(PARAMS), T[0, 10], tolerances)
end

# Geometric Brownian motion, 10,000 paths of 1,000 steps of Euler-Maruyama, the end alone.
const GBM = System(
    scalar("p[1] * u[1],", "p[2] * u[1],");
    states=1, params=2, styles=styles("drift", "diffusion"), noise=:diagonal, sources=1,
)
grow(u, p, t) = p[1] * u
shake(u, p, t) = p[2] * u
gbm_native(ensemble) = native(
    SDEProblem(grow, shake, 1.0, (0.0, 1.0), (0.5, 0.2)), i -> 1.0, EM(false), ensemble; dt=1e-3
)
grow!(du, u, p, t) = (du .= p[1] .* u; nothing)
shake!(du, u, p, t) = (du .= p[2] .* u; nothing)
gbm_as_one() = solve(
    SDEProblem(grow!, shake!, ones(BATCH), (0.0, 1.0), (0.5, 0.2)), EM(false);
    dt=1e-3, save_everystep=false,
)
function gbm_by_hand()
    u, z, rng = ones(BATCH), zeros(BATCH), Xoshiro(1)
    for _ in 1:1000
        randn!(rng, z)
        @. u += 0.5 * u * 1e-3 + 0.2 * u * sqrt(1e-3) * z
    end
    return u
end
function gbm_lanes(source, T=Float64)
    result = Result(T, BATCH, 1, 2)
    grid, p = Grid(T[0, 1], 1000), T[0.5, 0.2]
    return solve_lanes!(result, GBM, :EulerMaruyama, ones(T, BATCH, 1), p, grid, Noise(source, 1, 0))
end

const CASES = [
    "lorenz native, static, serial" => () -> lorenz_static(EnsembleSerial()),
    "lorenz native, in place, serial" => () -> lorenz_in_place(EnsembleSerial()),
    "lorenz native, static, threads" => () -> lorenz_static(EnsembleThreads()),
    "lorenz lanes" => () -> lorenz_lanes(),
    "lorenz lanes, float32" => () -> lorenz_lanes(Float32),
    "gbm native, serial" => () -> gbm_native(EnsembleSerial()),
    "gbm native, threads" => () -> gbm_native(EnsembleThreads()),
    "gbm native, one problem" => gbm_as_one,
    "gbm by hand, randn!" => gbm_by_hand,
    "gbm lanes, threefry" => () -> gbm_lanes(:threefry),
    "gbm lanes, xoshiro" => () -> gbm_lanes(:xoshiro),
    "gbm lanes, threefry, float32" => () -> gbm_lanes(:threefry, Float32),
    "gbm lanes, xoshiro, float32" => () -> gbm_lanes(:xoshiro, Float32),
]

function main()
    shortest = Dict(name => Inf for (name, _) in CASES)
    for (_, run) in CASES
        run()
    end
    for _ in 1:REPEATS, (name, run) in CASES
        shortest[name] = min(shortest[name], 1000 * @elapsed run())
    end
    for (name, _) in CASES
        println(rpad(name, 36), round(shortest[name]; digits=1), " ms")
    end
    # The same numbers: ends of the trajectories, and mean and spread of the paths.
    ends, found = lorenz_static(EnsembleSerial()), lorenz_lanes()
    apart = maximum(1:BATCH) do i
        maximum(abs, ends.u[i].u[end] .- found.path[i, :, 2])
    end
    paths = gbm_lanes(:threefry).path[:, 1, 2]
    println("lorenz: lanes and native apart by at most ", round(apart; sigdigits=2))
    println("gbm: mean ", round(mean(paths); digits=4), ", exact ", round(exp(0.5); digits=4))
    pairs = ["\"$name\": $(round(shortest[name]; digits=2))" for (name, _) in CASES]
    head = "\"threads\": $(Threads.nthreads()), \"julia\": \"$VERSION\", \"apart\": $apart"
    println("{", head, ", ", join(pairs, ", "), "}")
end

main()
