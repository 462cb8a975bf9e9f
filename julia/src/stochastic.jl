# Adaptive steps for stochastic equations, by the solvers of StochasticDiffEq, which is loaded when
# one of them is first asked for.
using SciMLBase: SDEFunction, SDEProblem, init, step!

"""
    sde_algorithm(name; options...)

The algorithm of StochasticDiffEq that is called `name`, or that a solver of pysciml of this name is:
`"EulerMaruyama"` is `EM(false)`, since `EM()` takes the amplitude at the end of the step of the drift.
Jacobians come from the model, so that none is taken by dual numbers.
"""
function sde_algorithm(name::AbstractString; options...)
    home = required("StochasticDiffEq", name)
    name == "EulerMaruyama" && return Base.invokelatest(home.EM, false)
    symbol = Symbol(get(SDE_NAMES, name, name))
    kind = isdefined(home, symbol) ? getfield(home, symbol) : nothing
    kind isa Type && kind <: SciMLBase.AbstractSDEAlgorithm || throw(
        NoSolver("There is no solver $name of stochastic equations in StochasticDiffEq."),
    )
    return Base.invokelatest() do
        takes = any(m -> :autodiff in Base.kwarg_decl(m), methods(kind, ()))
        return kind(; (takes ? (; autodiff=ADTypes.AutoFiniteDiff()) : (;))..., options...)
    end
end
sde_algorithm(chosen; options...) = chosen

const SDE_NAMES = Dict("AdaptiveSRIW1" => "SRIW1")

"""
    paths_adaptive!(outputs, system, u0, given, times, algorithm, rtol, atol, seed, first)

Solve a stochastic equation with adaptive steps that end on `times`, one trajectory after the other,
into arrays of Python; see `PySciML.Lanes`. The path of a trajectory depends on its steps, and so on
the tolerances; it is the same in every batch.
"""
function paths_adaptive!(
    outputs, system::System{T}, u0, given, times, algorithm, rtol, atol, seed, first
) where {T}
    result, p = Lanes.written(outputs...), Lanes.params(given...)
    method, control = sde_algorithm(algorithm), (; reltol=T(rtol), abstol=T(atol))
    Base.invokelatest(
        paths_adaptive!, result, system, method, plain(u0), p, plain(times), control, seed, first
    )
    return nothing
end

function paths_adaptive!(
    result::Lanes.Result, system, method, u0, p, times, control, seed, first
)
    size = cld(Base.size(u0, 1), 4 * Threads.nthreads())
    Lanes.blocks(result, Base.size(u0, 1), size) do range
        own = fresh(system)
        for index in range
            values, key = Lanes.row(p, index), Lanes.lane_key(seed, first + index - 1)
            noise = UInt64(key[1]) << 32 | key[2]
            problem = sde_problem(own, u0[index, :], (times[1], times[end]), values, noise)
            follow_path!(result, index, problem, method, times, control)
        end
    end
    return result
end

"A system as a problem of SciML, in place."
function sde_problem(s::System{T}, u0, span, p, seed) where {T}
    drift, amplitudes = s.drift.inplace, s.diffusion.inplace
    f(du, u, p, t) = (drift.value(du, u, p, t); nothing)
    jac(J, u, p, t) = (drift.jac(J, u, p, t); nothing)
    g(du, u, p, t) = (amplitudes.value(du, u, p, t); nothing)
    equations = SDEFunction{true}(f, g; (haskey(drift, :jac) ? (; jac) : (;))...)
    s.noise === :diagonal && return SDEProblem(equations, u0, span, p; seed)
    if s.noise === :general
        matrix = zeros(T, s.states, s.sources)
        return SDEProblem(equations, u0, span, p; seed, noise_rate_prototype=matrix)
    end
    process = required("DiffEqNoiseProcess", "scalar noise").WienerProcess
    return SDEProblem(equations, u0, span, p; seed, noise=process(span[1], zero(T), zero(T)))
end

function follow_path!(result::Lanes.Result{T}, index, problem, method, times, control) where {T}
    integ = init(problem, method; save_on=false, maxiters=Lanes.MAX_STEPS, control...)
    result.path[index, :, 1], result.stopped[index] = problem.u0, times[1]
    for k in 2:length(times)
        iszero(result.stop[1]) || return Lanes.leave_out!(result, index:index, k)
        step!(integ, times[k] - integ.t, true)
        good = integ.t >= times[k] && all(isfinite, integ.u)
        if !good
            result.path[index, :, k:end] .= T(NaN)
            result.status[index] = status_of(integ.sol.retcode, all(isfinite, integ.u))
            break
        end
        result.path[index, :, k], result.stopped[index] = integ.u, times[k]
    end
    result.steps[index], result.rejected[index] = integ.stats.naccept, integ.stats.nreject
    return nothing
end
