"""
Ensembles on a device with solvers for stiff equations and of high order: the kernels of DiffEqGPU
(`EnsembleGPUKernel`), in which a thread solves a trajectory.
"""
module PySciMLDiffEqGPUExt

using DiffEqGPU:
    GPUKvaerno5, GPUODEImplicitAlgorithm, GPURodas4, GPURodas5P, GPURosenbrock23, GPUVern7, GPUVern9,
    adapt, make_prob_compatible, vectorized_asolve
using KernelAbstractions: Backend
using PySciML: NoSolver, Status, System
using PySciML.Lanes: Lanes, Result, Row, Tolerances, check_small, rows
using SciMLBase: FullSpecialize, ODEFunction, ODEProblem
using StaticArrays: SMatrix, SVector

# Without Kvaerno3, whose errors there are 200 times the tolerance.
const ALGORITHMS = Dict(
    "Kvaerno5" => GPUKvaerno5(),
    "Rodas4" => GPURodas4(),
    "Rodas5P" => GPURodas5P(),
    "Rosenbrock23" => GPURosenbrock23(),
    "Vern7" => GPUVern7(),
    "Vern9" => GPUVern9(),
)

# The functions of a system in the form that kernels take: of static vectors, without anything that
# lives on the host.
struct Values{A,F}
    f::F
end
Values{A}(f::F) where {A,F} = Values{A,F}(f)
@inline (v::Values{A})(u, p, t) where {A} = A(v.f(u, p, t))

function equations(s::System{T}) where {T}
    f, N = s.drift.values, s.states
    V, M = SVector{N,T}, SMatrix{N,N,T,N * N}
    return ODEFunction{false,FullSpecialize}(
        Values{V}(f.value); jac=Values{M}(f.jac), tgrad=Values{V}(f.tgrad)
    )
end

function Lanes.solve_native_on!(
    backend::Backend, r::Result{T}, system::System, name, u0, p, times, tolerances::Tolerances
) where {T}
    haskey(ALGORITHMS, name) || throw(
        NoSolver(
            "DiffEqGPU has no solver $name; on a device use Tsit5, fixed steps, or one of " *
            join(sort!(collect(keys(ALGORITHMS))), ", ") * ".",
        ),
    )
    check_small(system, all(in(keys(system.drift.values)), (:value, :jac, :tgrad)))
    Base.invokelatest(run!, backend, r, system, ALGORITHMS[name], u0, p, times, tolerances)
    return r
end

# Interpolants of implicit one-step methods are not accurate within long steps, so for these steps end
# on every time, where the kernel begins anew.
pieces(::GPUODEImplicitAlgorithm, times) = [k:(k + 1) for k in 1:(length(times) - 1)]
pieces(_, times) = [1:length(times)]

function run!(backend, r::Result{T}, system, algorithm, u0, p, times, tolerances) where {T}
    f, M, count = equations(system), system.params, size(u0, 1)
    own = rows(p, 1:count)
    params = [SVector{M,T}(Row{M}(own, i)) for i in 1:count]
    r.path[:, :, 1] = u0
    fill!(r.status, Status.SUCCESS)
    fill!(r.stopped, times[1])
    for piece in pieces(algorithm, times)
        iszero(r.stop[1]) || return Lanes.leave_out!(r, 1:count, first(piece) + 1)
        solve_piece!(backend, r, Val(system.states), f, algorithm, params, times, piece, tolerances)
    end
    return nothing
end

function solve_piece!(
    backend, r::Result{T}, ::Val{N}, f, algorithm, params, times, piece, tolerances
) where {T,N}
    start, saveat = first(piece), times[piece]
    span = saveat[1], saveat[end]
    problems = map(enumerate(params)) do (i, p)
        ODEProblem{false}(f, SVector{N,T}(view(r.path, i, :, start)), span, p)
    end
    # One first step for all, which the kernels then adapt.
    dt = minimum(problems) do problem
        u, p, rate = Tuple(problem.u0), problem.p, f.f.f
        Lanes.first_step(rate, u, rate(u, p, span[1]), p, span[1], span[2] - span[1], tolerances)
    end
    reached, states = try
        vectorized_asolve(
            adapt(backend, map(make_prob_compatible, problems)), problems[1], algorithm; dt, saveat,
            abstol=tolerances.atol, reltol=tolerances.rtol,
        )
    catch error
        occursin("dt<dtmin", sprint(showerror, error)) || rethrow()
        throw(NoSolver(
            "A trajectory needs steps below 1e-14, where the kernels of DiffEqGPU end the whole " *
            "ensemble; use larger tolerances, or device=\"cpu\", which leaves the others alone.",
        ))
    end
    keep!(r, times, piece, Array(reached), Array(states))
    return nothing
end

# A state that was not reached has been written by nobody, as its time tells.
function keep!(r::Result{T}, times, piece, reached, states) where {T}
    for i in axes(states, 2), k in 2:length(piece)
        good = r.status[i] == Status.SUCCESS && reached[k, i] == times[piece[k]]
        good &= all(isfinite, states[k, i])
        r.path[i, :, piece[k]] .= good ? states[k, i] : T(NaN)
        good ? (r.stopped[i] = times[piece[k]]) : (r.status[i] = Status.NOT_FINITE)
    end
    return nothing
end

end
