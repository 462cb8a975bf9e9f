# Fixed steps of one trajectory, with the rules of the jax engine: equal steps between two times of
# the grid, pieces of inputs chosen by the middle of a step, events at the ends of steps.

const EVALUATIONS = Dict("Euler" => 1, "Heun" => 2, "RK4" => 4, "StormerVerlet" => 3)

"A step of a method of the name `M`."
struct Stepper{M} end

@inline function (::Stepper{:Euler})(f, u, g, t, h)
    return u + h * f(u, g, t)
end
@inline function (::Stepper{:Heun})(f, u, g, t, h)
    k1 = f(u, g, t)
    k2 = f(u + h * k1, g, t + h)
    return u + h * (k1 + k2) / 2
end
@inline function (::Stepper{:RK4})(f, u, g, t, h)
    k1 = f(u, g, t)
    k2 = f(u + h / 2 * k1, g, t + h / 2)
    k3 = f(u + h / 2 * k2, g, t + h / 2)
    k4 = f(u + h * k3, g, t + h)
    return u + h * ((k1 + 2 * k2 + 2 * k3 + k4) / 6)
end

"""
    Leapfrog(momenta)

A step of Stormer and Verlet: half a kick, a drift, half a kick. `momenta` has 1 for states that are
momenta and 0 for positions.
"""
struct Leapfrog{V}
    momenta::V
end
@inline function (s::Leapfrog)(f, u, g, t, h)
    kick, drift = s.momenta, 1 .- s.momenta
    u = u + h / 2 * (kick .* f(u, g, t))
    u = u + h * (drift .* f(u, g, t + h / 2))
    return u + h / 2 * (kick .* f(u, g, t + h))
end

"Work arrays of steps in place."
struct Stages{T}
    k::NTuple{4,Vector{T}}
    u::Vector{T}
end
Stages{T}(states) where {T} = Stages(ntuple(_ -> zeros(T, states), 4), zeros(T, states))

function fixed_step!(::Stepper{:Euler}, f, u, g, t, h, w::Stages)
    k = w.k[1]
    f(k, u, g, t)
    @. u += h * k
end
function fixed_step!(::Stepper{:Heun}, f, u, g, t, h, w::Stages)
    k1, k2, _, _ = w.k
    f(k1, u, g, t)
    @. w.u = u + h * k1
    f(k2, w.u, g, t + h)
    @. u += h * (k1 + k2) / 2
end
function fixed_step!(::Stepper{:RK4}, f, u, g, t, h, w::Stages)
    k1, k2, k3, k4 = w.k
    f(k1, u, g, t)
    @. w.u = u + h / 2 * k1
    f(k2, w.u, g, t + h / 2)
    @. w.u = u + h / 2 * k2
    f(k3, w.u, g, t + h / 2)
    @. w.u = u + h * k3
    f(k4, w.u, g, t + h)
    @. u += h * ((k1 + 2 * k2 + 2 * k3 + k4) / 6)
end
function fixed_step!(s::Leapfrog, f, u, g, t, h, w::Stages)
    k = w.k[1]
    f(k, u, g, t)
    @. u += h / 2 * (s.momenta * k)
    f(k, u, g, t + h / 2)
    @. u += h * ((1 - s.momenta) * k)
    f(k, u, g, t + h)
    @. u += h / 2 * (s.momenta * k)
end

# One step, of static vectors or in place.
@inline stepped!(s, f, u::SVector, g, t, h, ::Stages) = s(f, u, g, t, h)
@inline stepped!(s, f, u::Vector, g, t, h, w::Stages) = (fixed_step!(s, f, u, g, t, h, w); u)

"""
    march!(path, lane, stepper, f, u, given, times, substeps, watch, work, stop)

Solve one trajectory with `substeps` equal steps between two of the `times`, and write it into
`path[lane, :, :]`. Returned are its status and the time that it reached.
"""
function march!(
    path, lane, stepper, f, u, given::Given{T}, times, substeps, watch, work, stop
) where {T}
    write_state!(path, lane, 1, u)
    watch === nothing || (copyto!(watch.y, u); choose_pieces!(given, times[1]))
    watch === nothing || start!(watch, given, times[1])
    slack = minimum(diff(times); init=T(Inf)) / substeps / 2
    for k in 1:(length(times) - 1)
        iszero(stop[1]) || return ended!(path, lane, k + 1, Status.INTERRUPTED, times[k])
        h = (times[k + 1] - times[k]) / substeps
        stopped = T(Inf)
        for j in 0:(substeps - 1)
            t = times[k] + j * h
            choose_pieces!(given, t + h / 2)
            u = stepped!(stepper, f, u, given, t, h, work)
            watch === nothing && continue
            copyto!(watch.y, u)
            stopped = happen_at_end!(watch, given, t, h, slack)
            u = restored(u, watch.after)
            isfinite(stopped) && break
        end
        # The state before timed events at the very end.
        write_state!(path, lane, k + 1, watch === nothing ? u : watch.spare)
        isfinite(stopped) && return ended!(path, lane, k + 2, Status.STOPPED, stopped)
        all(isfinite, u) || return ended!(path, lane, k + 2, Status.NOT_FINITE, times[k])
    end
    return Status.SUCCESS, times[end]
end

restored(::SVector{N,T}, after) where {N,T} = SVector{N,T}(after)
restored(u::Vector, after) = copyto!(u, after)

@inline function write_state!(path, lane, k, u)
    @inbounds for i in axes(path, 2)
        path[lane, i, k] = u[i]
    end
    return nothing
end

"End a trajectory early: it has no state at the times from the `k`-th on."
function ended!(path, lane, k, status, t)
    for time in k:size(path, 3), i in axes(path, 2)
        @inbounds path[lane, i, time] = NaN
    end
    return status, t
end

# Let the events of a step happen at its end, one after the other. `watch.after` is the state after
# all of them, and `watch.spare` that to be saved, which is the one before those at known times.
# Returned is when the trajectory stopped.
function happen_at_end!(w::Watch{T}, given, t, h, slack) where {T}
    finish, stopped = t + h, T(Inf)
    y, after, saved = w.y, copyto!(w.after, w.y), copyto!(w.spare, w.y)
    for (i, e) in enumerate(w.events)
        p = at_time(given, finish)
        if e.timed
            place = searchsortedfirst(e.times, t + slack)
            w.fired[i] = searchsortedfirst(e.times, finish + slack) > place
            at = w.fired[i] ? e.times[place] : t
        else
            old, new = w.values[i], e.condition(y, p, finish)
            w.fired[i] = crossed(e.direction, old, new)
            at = w.fired[i] ? t + h * old / (old - new) : t
            w.fired[i] || (w.values[i] = settled(old, new))
        end
        w.fired[i] || continue
        length(w.seen[i]) <= MOST_EVENTS && push!(w.seen[i], at)
        if e.resets
            e.reset(w.slope, after, p, rates!(given, finish), finish)
            copyto!(after, w.slope)
        end
        if e.stops
            stopped = at
            fill!(after, NaN)
        end
        e.timed || copyto!(saved, after)
    end
    p = at_time(given, finish)
    for (i, e) in enumerate(w.events)
        # A condition that another event has changed is compared, in the next step, with what it was.
        w.fired[i] && !e.timed && (w.values[i] = e.condition(after, p, finish))
    end
    return stopped
end
