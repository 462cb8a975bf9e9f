# Adaptive steps for stochastic equations, by the solvers of StochasticDiffEq, which is loaded when
# one of them is first asked for.
using DiffEqNoiseProcess: RSWM, WienerProcess, WienerProcess!
using SciMLBase: SDEFunction, SDEProblem

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
    paths_adaptive!(outputs, system, u0, given, times, algorithm, settings, noise, courses)

Solve a stochastic equation with adaptive steps that end on `times`, one trajectory after the other,
into arrays of Python; see `PySciML.Lanes`. `settings` are the tolerances and further times on which
steps end, `noise` is a seed and the number of the first trajectory, and `courses` are those of
[`paths_fixed!`](@ref). The path of a trajectory depends on its steps, and so on the tolerances; it
is the same in every batch.
"""
function paths_adaptive!(
    outputs, system::System{T}, u0, given, times, algorithm, settings, noise, courses
) where {T}
    result, p, times = Lanes.written(outputs...), Lanes.params(given...), plain(times)
    rtol, atol, stops = settings
    ends = sort!(union(inner_times(T, plain(stops), times), times[2:(end - 1)]))
    Base.invokelatest(
        solve_adaptive!, result, system, sde_algorithm(algorithm), plain(u0), p, times,
        Control{T}(rtol, atol, ends), noise, Lanes.own_courses(T, courses),
    )
    return nothing
end

function solve_adaptive!(
    result::Lanes.Result{T}, system::System, method, u0, p, times, control::Control, (seed, first), courses
) where {T}
    size = cld(Base.size(u0, 1), 4 * Threads.nthreads())
    Lanes.blocks(result, Base.size(u0, 1), size) do range
        own = fresh(system)
        for index in range
            given = Given(Lanes.row(p, index), Course{T}[courses(index)...], own.states)
            key = Lanes.lane_key(seed, first + index - 1)
            problem = sde_problem(
                own, u0[index, :], (times[1], times[end]), given, UInt64(key[1]) << 32 | key[2]
            )
            follow_path!(result, index, problem, method, times, control)
        end
    end
    return result
end

"A system as a problem of SciML, in place, with parameters that may vary in time."
function sde_problem(s::System, u0, span, given, seed)
    drift, amplitudes = s.drift.inplace, s.diffusion.inplace
    f(du, u, p, t) = (drift.value(du, u, at_time(p, t), t); nothing)
    jac(J, u, p, t) = (drift.jac(J, u, at_time(p, t), t); nothing)
    g(du, u, p, t) = (amplitudes.value(du, u, at_time(p, t), t); nothing)
    equations = SDEFunction{true}(f, g; (haskey(drift, :jac) ? (; jac) : (;))...)
    wide = s.noise === :general ? (; noise_rate_prototype=zeros(eltype(u0), s.states, s.sources)) : (;)
    return SDEProblem(equations, u0, span, given; seed, noise=brownian(s, span[1]), wide...)
end

"""
    brownian(system, t)

The Wiener processes of a system, and as many for the solvers that need a second one. What is left of
a step that was rejected is kept by the algorithm RSwM2 (Rackauckas & Nie 2017). The default, RSwM3,
writes over what it keeps in DiffEqNoiseProcess 5.33, so that the path before has a variance many
times too large.
"""
function brownian(s::System{T}, t) where {T}
    rswm = RSWM(adaptivealg=:RSwM2)
    s.noise === :scalar && return WienerProcess(t, zero(T), zero(T); rswm)
    return WienerProcess!(t, zeros(T, s.sources), zeros(T, s.sources); rswm)
end

function follow_path!(result::Lanes.Result, index, problem, method, times, control)
    given, save, reached = problem.p, 2, times[1]
    choose_pieces!(given, reached)
    integ = init(
        problem, method; reltol=control.rtol, abstol=control.atol, tstops=control.stops,
        save_on=false, maxiters=Lanes.MAX_STEPS, verbose=None(),
    )
    write_state!(result.path, index, 1, problem.u0)
    status = Status.SUCCESS
    while save <= length(times)
        iszero(result.stop[1]) || (status = Status.INTERRUPTED; break)
        step!(integ)
        good = integ.t > reached && all(isfinite, integ.u)
        good || (status = status_of(integ.sol.retcode, all(isfinite, integ.u)); break)
        reached = integ.t
        if reached >= times[save]
            write_state!(result.path, index, save, integ.u)
            save += 1
        end
        choose_pieces!(given, reached) && SciMLBase.derivative_discontinuity!(integ, true)
    end
    result.status[index], result.stopped[index] = ended!(result.path, index, save, status, reached)
    result.steps[index], result.rejected[index] = integ.stats.naccept, integ.stats.nreject
    return nothing
end
