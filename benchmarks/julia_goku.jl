# The core of GOKU-UI, solved and differentiated: 64 trajectories of 3 noisy Stuart-Landau oscillators
# over 46 steps. Native: SOSRI with ForwardDiffSensitivity, trajectory by trajectory, as the code of
# Abrevaya et al. (2024) does it. Ours: fixed steps of Heun and the discrete adjoint, all at once.
# Run by julia_goku.py. The last line is JSON.
using PySciML, Random, SciMLSensitivity, Statistics, StochasticDiffEq, Zygote
using StochasticDiffEq: DiffEqNoiseProcess

const N, TRAJECTORIES, STEPS = 3, 64, 46
const STRENGTH, SIGMA = 0.1, 0.02 / sqrt(20)
const TIMES = 0.0:1.0:(STEPS - 1)

function drift!(du, u, p, t)
    @inbounds for j in 1:N
        x, y = u[j], u[N+j]
        radial = p[j] - x^2 - y^2
        dx, dy = radial * x - p[N+j] * y, radial * y + p[N+j] * x
        for i in 1:N
            c = STRENGTH * p[2N+(i-1)*N+j]  # influence of i on j
            dx += c * (u[i] - x)
            dy += c * (u[N+i] - y)
        end
        du[j], du[N+j] = dx, dy
    end
    return nothing
end
diffusion!(du, u, p, t) = (du .= SIGMA; nothing)

rng = Xoshiro(1)
u0 = 0.3 .+ 0.1 .* rand(rng, TRAJECTORIES, 2N)
params = hcat(
    0.4 .* rand(rng, TRAJECTORIES, N) .- 0.2, pi .* (0.06 .* rand(rng, TRAJECTORIES, N) .+ 0.08),
    0.2 .* rand(rng, TRAJECTORIES, N * N),
)
data = 0.3 .* randn(rng, TRAJECTORIES, 2N, STEPS)
problem = SDEProblem(drift!, diffusion!, u0[1, :], (0.0, STEPS - 1.0), params[1, :])

function native(lane)
    target = data[lane, :, :]
    Zygote.gradient(u0[lane, :], params[lane, :]) do u, p
        solution = solve(
            problem, SOSRI(); u0=u, p, saveat=TIMES, sensealg=ForwardDiffSensitivity()
        )
        sum(abs2, Array(solution) .- target)
    end
end
native_all() = foreach(native, 1:TRAJECTORIES)

# The model as pysciml translates it, slowed down where a step is too long, as in training.
include(ARGS[1])  # `model() -> System`
using PySciML: Goku
# Sigma and the strength of the coupling come after a, omega and C.
full = hcat(params, fill(STRENGTH, TRAJECTORIES), fill(SIGMA, TRAJECTORIES))

function sweep(system, substeps, dW)
    states, pullback = solve_with_pullback(system, u0, full, TIMES, substeps, dW; scheme=:Heun)
    return pullback(2 .* (states .- data))
end
function drawn(substeps)
    h = 1 / substeps
    return sqrt(h) .* randn(rng, TRAJECTORIES, 2N, (STEPS - 1) * substeps)
end
ours_all(system, substeps) = sweep(system, substeps, drawn(substeps))

# Errors on given Brownian paths, against steps of 1 / FINE.
const FINE, SHOWN = 240, 8
dW = sqrt(1 / FINE) .* randn(rng, TRAJECTORIES, 2N, (STEPS - 1) * FINE)
prepared(substeps) = Goku.with(Goku.tamed(model(), 1 / substeps); calculus=:stratonovich)
solved(system, substeps, dW) =
    first(solve_with_pullback(system, u0, full, TIMES, substeps, dW; scheme=:Heun))
coarse(substeps) =
    dropdims(sum(reshape(dW, TRAJECTORIES, 2N, FINE ÷ substeps, :); dims=3); dims=3)
fine = Base.invokelatest(solved, prepared(FINE), FINE, dW)
rms(x) = sqrt(mean(abs2, x))

function native_error(lane)
    paths() = [zeros(2N), eachcol(cumsum(dW[lane, :, :]; dims=2))...]
    other = [zeros(2N), eachcol(cumsum(sqrt(1 / FINE) .* randn(rng, 2N, (STEPS - 1) * FINE); dims=2))...]
    grid = DiffEqNoiseProcess.NoiseGrid(
        collect(range(0.0, STEPS - 1.0; length=(STEPS - 1) * FINE + 1)), paths(), other
    )
    noisy = SDEProblem(drift!, diffusion!, u0[lane, :], (0.0, STEPS - 1.0), params[lane, :]; noise=grid)
    return Array(solve(noisy, SOSRI(); saveat=TIMES)) .- fine[lane, :, :]
end
sosri = rms(reduce(hcat, native_error(lane) for lane in 1:SHOWN))
errors = Dict(
    s => rms((Base.invokelatest(solved, prepared(s), s, coarse(s)) .- fine)[1:SHOWN, :, :]) for
    s in (2, 4, 8, 10, 12, 16, 24)
)
enough = minimum(s for (s, e) in errors if e <= sosri; init=48)

function time_of(f, count)
    f()
    return 1e3 * minimum(@elapsed(f()) for _ in 1:count)  # others share the machine
end
slow = time_of(native_all, 5)
fast = Dict(
    s => (system = prepared(s); time_of(() -> Base.invokelatest(ours_all, system, s), 21)) for
    s in sort(unique([2, enough]))
)
println("error of SOSRI $sosri; of Heun by steps: $(sort(collect(errors)))")
println(
    """{"native_ms": $slow, "ours_ms": $(fast[enough]), "ratio": $(slow / fast[enough]), """ *
    """"substeps": $enough, "error_native": $sosri, "error_ours": $(errors[enough]), """ *
    """"ours_ms_as_in_training": $(fast[2])}""",
)
