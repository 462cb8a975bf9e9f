using DiffEqNoiseProcess: WienerProcess
using SciMLBase: CallbackSet, ContinuousCallback, ODEFunction, ODEProblem, SDEFunction, SDEProblem
using SciMLBase: SymbolicIndexingInterface, terminate!

export native_problem

"""
    native_problem(system, u0, tspan, p, states, params)

A system as an `ODEProblem` or `SDEProblem` of SciML, for any of its solvers. `states` and `params`
name the elements of `u0` and `p`. Events with a condition become callbacks. The calculus of the
noise is that of the solver.
"""
function native_problem(
    system::System, u0, tspan, p, states=["u[$i]" for i in eachindex(u0)],
    params=["p[$i]" for i in eachindex(p)],
)
    start, values, span = Vector{Float64}(u0), Vector{Float64}(p), Float64.(Tuple(tspan))
    sys = SymbolicIndexingInterface.SymbolCache(
        collect(Symbol.(states)), collect(Symbol.(params)), :t
    )
    drift, events = map(by_task, system.drift.inplace), callbacks(system)
    derivatives = merge(
        Base.structdiff(drift, NamedTuple{(:value, :jvp, :vjp)}),
        (; jac_prototype=jac_prototype(system), sys),
    )
    if system.diffusion === nothing
        f = ODEFunction{true}(drift.value; derivatives...)
        return ODEProblem(f, start, span, values; events...)
    end
    noise = by_task(system.diffusion.inplace.value)
    f = SDEFunction{true}(drift.value, noise; derivatives...)
    return SDEProblem(f, start, span, values; wiener(system, first(span))..., events...)
end

"""
    OfTask(f)

A function with work arrays of its own in every task, for solves on several threads.
"""
struct OfTask{F}
    f::F
end
(g::OfTask{F})(args...) where {F} = (get!(() -> fresh(g.f), task_local_storage(), g)::F)(args...)

by_task(f) = fresh(f) === f ? f : OfTask(f)

function wiener(system, t)
    system.noise === :general &&
        return (; noise_rate_prototype=zeros(system.states, system.sources))
    system.noise === :scalar && return (; noise=WienerProcess(t, 0.0, 0.0))
    return (;)
end

function callbacks(system)
    isempty(system.events) && return (;)
    return (; callback=CallbackSet(map(callback, system.events)...))
end

function callback(event)
    value, reset = by_task(event.condition), by_task(event.reset)
    condition(u, t, integrator) = value(u, integrator.p, t)
    function affect!(integrator)
        if reset !== nothing
            after = similar(integrator.u)
            reset(after, integrator.u, integrator.p, integrator.t)
            integrator.u .= after
        end
        event.stops && terminate!(integrator)
        return nothing
    end
    up = event.direction >= 0 ? affect! : nothing
    down = event.direction <= 0 ? affect! : nothing
    return ContinuousCallback(condition, up, down)
end
