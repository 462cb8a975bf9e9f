"""
Ensembles on a device with solvers for stiff equations and of high order: the kernels of DiffEqGPU
(`EnsembleGPUKernel`), in which a thread solves a trajectory.
"""
module PySciMLDiffEqGPUExt

using DiffEqGPU:
    GPUKvaerno3, GPUKvaerno5, GPURodas4, GPURodas5P, GPURosenbrock23, GPUVern7, GPUVern9, adapt,
    make_prob_compatible, vectorized_asolve
using KernelAbstractions: Backend
using PySciML: NoSolver, Status, System
using PySciML.Lanes: Lanes, Result, Row, Tolerances
using SciMLBase: FullSpecialize, ODEFunction, ODEProblem
using StaticArrays: SMatrix, SVector

const ALGORITHMS = Dict(
    "Kvaerno3" => GPUKvaerno3(),
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

function rates(s::System{T}) where {T}
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
    all(in(keys(system.drift.values)), (:value, :jac, :tgrad)) || throw(
        NoSolver(
            "$(system.name) is too large for a thread of a device: its functions are not in scalar " *
            "form. Solve it on the CPU.",
        ),
    )
    Base.invokelatest(run!, backend, r, system, ALGORITHMS[name], u0, p, times, tolerances)
    return r
end

function run!(backend, r::Result{T}, system, algorithm, u0, p, times, tolerances) where {T}
    f, N, M, count = rates(system), system.states, system.params, size(u0, 1)
    own = p isa Lanes.Swept ? Lanes.rows(p, 1:count) : p
    row(i) = SVector{M,T}(Row{M}(own, i))
    problems = map(1:count) do i
        u = SVector{N,T}(view(u0, i, :))
        make_prob_compatible(ODEProblem{false}(f, u, (times[1], times[end]), row(i)))
    end
    # One first step for all, which the kernels then adapt.
    dt = minimum(1:count) do i
        u, start, span = Tuple(problems[i].u0), times[1], times[end] - times[1]
        Lanes.first_step(f.f.f, u, f.f.f(u, row(i), start), row(i), start, span, tolerances)
    end
    reached, states = try
        vectorized_asolve(
            adapt(backend, problems), problems[1], algorithm; dt, saveat=times,
            abstol=tolerances.atol, reltol=tolerances.rtol,
        )
    catch error
        occursin("dt<dtmin", sprint(showerror, error)) || rethrow()
        throw(NoSolver(
            "A trajectory needs steps below 1e-14, where the kernels of DiffEqGPU end the whole " *
            "ensemble; use larger tolerances, or device=\"cpu\", which leaves the others alone.",
        ))
    end
    keep!(r, u0, times, Array(reached), Array(states))
    return nothing
end

# A state that was not reached has been written by nobody, as its time tells.
function keep!(r::Result{T}, u0, times, reached, states) where {T}
    for i in axes(u0, 1)
        last = 1
        r.path[i, :, 1] .= @view u0[i, :]
        for k in 2:length(times)
            last == k - 1 && reached[k, i] == times[k] && all(isfinite, states[k, i]) && (last = k)
            r.path[i, :, k] .= last == k ? states[k, i] : T(NaN)
        end
        r.status[i] = last == length(times) ? Status.SUCCESS : Status.NOT_FINITE
        r.stopped[i] = times[last]
    end
    return nothing
end

end
