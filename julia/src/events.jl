# Events within adaptive steps: where conditions cross zero, and what happens there. After a step
# the conditions are looked at within it; the first crossing is located on the interpolant of the
# solver, the step is cut there, and the state is changed. The rules are those of the jax engine.

const LOOKS = 4  # looks into each step, so that a condition that crosses twice is not missed
const ITERATIONS = 60  # at most, of the search for a crossing
const SHORT = 10  # events in a row with next to no time between them: they will never end
const GAP = 1e-10  # such a time, in units of the span
const FAR = 10  # times what the tolerances let through is no error
const MOST_EVENTS = 1 << 20  # times kept of an event and trajectory

"""
    Watched

An event of a system, behind wrappers that hide which model it is of.
"""
struct Watched{T}
    condition::FunctionWrapper{T,Tuple{Vector{T},Vector{T},T}}
    tangent::FunctionWrapper{T,Tuple{Vector{T},Vector{T},T,Vector{T},Vector{T},T}}
    reset::FunctionWrapper{Nothing,Tuple{Vector{T},Vector{T},Vector{T},Vector{T},T}}
    resets::Bool
    timed::Bool
    direction::Int
    stops::Bool
    times::Vector{T}  # known ones
end

function Watched(e::Event, times, ::Type{T}) where {T}
    return Watched{T}(
        something(e.condition, (u, p, t) -> zero(T)),
        something(e.tangent, (u, p, t, v, q, s) -> zero(T)),
        e.reset === nothing ? (du, u, p, q, t) -> nothing :
        (du, u, p, q, t) -> (reset!(e.reset, du, u, p, q, t); nothing),
        e.reset !== nothing,
        e.condition === nothing,
        e.direction,
        e.stops,
        times,
    )
end

# Only tangents ask how parameters and inputs move, at rates `q` by time.
reset!(change, du, u, p, _, t) = change(du, u, p, t)

"Where a condition crosses zero first within a step."
struct Crossing{T}
    x::T  # in units of the step; infinite where it does not
    size::T  # the largest size of the condition in the step
    jumped::Bool  # it is beyond zero since the start, where something else changed it
    undecided::Bool  # it has come beyond zero, but by error alone, as far as one can tell
    backward::Bool  # it moves the other way where it was located
end

"""
    Watch(system, times, gap)

The events of a system and what has been seen of them in one trajectory.
"""
mutable struct Watch{T}
    const events::Vector{Watched{T}}
    const drift::FunctionWrapper{Nothing,Tuple{Vector{T},Vector{T},Vector{T},T}}
    const gap::T  # time below which that between two events counts as none
    const values::Vector{T}  # the conditions at the current state
    const seen::Vector{Vector{T}}  # when the events happened
    const found::Vector{Crossing{T}}
    const fired::Vector{Bool}
    last::T  # when the last one happened
    short::Int  # events in a row with next to no time between them
    const y::Vector{T}  # work arrays of states
    const after::Vector{T}
    const spare::Vector{T}
    const slope::Vector{T}
    const scale::Vector{T}
end

function Watch(s::System{T}, times, gap) where {T}
    events = Watched{T}[Watched(e, at, T) for (e, at) in zip(s.events, times)]
    count, none = length(events), Crossing{T}(Inf, 0, false, false, false)
    f = s.drift.inplace.value
    drift = (du, u, p, t) -> (f(du, u, p, t); nothing)
    return Watch{T}(
        events, drift, gap, zeros(T, count), [T[] for _ in 1:count], fill(none, count),
        fill(false, count), T(-Inf), 0, ntuple(_ -> zeros(T, s.states), 5)...,
    )
end

"Begin to watch a trajectory at the state `w.y`."
function start!(w::Watch{T}, given, t) where {T}
    w.last, w.short = T(-Inf), 0
    foreach(empty!, w.seen)
    p = at_time(given, t)
    for (i, e) in enumerate(w.events)
        e.timed && continue
        now = e.condition(w.y, p, t)
        w.values[i] = iszero(now) ? heading(w, e, given, t, w.y) : now
    end
    return nothing
end

"Tell whether a condition has crossed zero in the direction that counts."
crossed(direction, before, now) =
    (direction >= 0 && before < 0 && now > 0) || (direction <= 0 && before > 0 && now < 0)

"A condition as later ones are compared with it: at zero still on its old side."
settled(before, now, undecided=false) =
    iszero(now) || undecided ? sign(before) * least(now) : now

least(::T) where {T} = T(1e10) * floatmin(T)

"The rate at which the field carries a condition."
function rate(w::Watch, e::Watched{T}, given, t, y) where {T}
    p = at_time(given, t)
    w.drift(w.slope, y, p, t)
    return e.tangent(y, p, t, w.slope, rates!(given, t), one(T))
end

"A condition that is zero as next to zero, on the side to which it moves."
heading(w, e, given, t, y) = sign(rate(w, e, given, t, y)) * least(t)

"""
    look!(inside!, watch, given, t0, t1, wanted)

Look for the first event of a step from `t0` to `t1` and let it happen. `inside!(y, x)` gives the
state at the part `x` of it, `wanted` is the length of the step before stops cut it, and
`watch.scale` the tolerance of every component. Returned are the time of the event, or `t1`; whether
there was one, after which the state is `watch.after`; and whether the trajectory ends there.
"""
function look!(inside!::F, w::Watch{T}, given, t0::T, t1::T, wanted::T) where {F,T}
    earliest = T(Inf)
    for (i, e) in enumerate(w.events)
        e.timed && continue
        w.found[i] = crossing(inside!, w, e, w.values[i], given, t0, t1, wanted)
        earliest = min(earliest, w.found[i].x)
    end
    cut = isfinite(earliest)
    t = cut ? min(t0 + earliest * (t1 - t0), t1) : t1
    inside!(w.y, cut ? earliest : one(T))
    copyto!(w.after, w.y)
    some, conditional, stopped = false, false, false
    for (i, e) in enumerate(w.events)
        w.fired[i] = if e.timed
            t > t0 && insorted(t, e.times)
        else
            cut && w.found[i].x - earliest <= 5000 * eps(T)
        end
        w.fired[i] || continue
        some, conditional, stopped = true, conditional | !e.timed, stopped | e.stops
        happen!(w, e, given, t)
        length(w.seen[i]) <= MOST_EVENTS && push!(w.seen[i], t)
    end
    note!(w, given, t, conditional)
    return t, some, stopped
end

"Let an event change the state."
function happen!(w::Watch, e::Watched, given, t)
    e.resets || return nothing
    e.reset(w.spare, w.after, at_time(given, t), rates!(given, t), t)
    copyto!(w.after, w.spare)
    return nothing
end

function note!(w::Watch{T}, given, t, conditional) where {T}
    near = conditional && t - w.last <= w.gap
    conditional && (w.short = near ? w.short + 1 : 0)
    for (i, e) in enumerate(w.events)
        e.timed && continue
        found, old = w.found[i], w.values[i]
        p = at_time(given, t)
        here = e.condition(w.y, p, t)
        if w.fired[i]
            now = e.condition(w.after, p, t)
            # Where its event has left it at zero, it is on the side to which it moves.
            kept = abs(now - here) <= T(1e-6) * abs(here)
            small = abs(now) <= 5000 * eps(T) * found.size
            if (kept || small) && !found.jumped
                now = heading(w, e, given, t, w.after)
            end
            w.values[i] = now
            # There it still leaves the last event: no time is left.
            near && found.backward && (w.short = SHORT)
        else
            # Where another event has changed it, it is still to be seen on which side it is.
            w.values[i] = settled(old, here, found.undecided)
        end
    end
    conditional && (w.last = t)
    return nothing
end

function crossing(inside!::F, w::Watch{T}, e, value, given, t0, t1, wanted) where {F,T}
    h, direction = t1 - t0, e.direction
    function at(x)
        inside!(w.y, x)
        t = isone(x) ? t1 : t0 + x * h
        return e.condition(w.y, at_time(given, t), t)
    end
    # Other events and jumps of inputs may have carried it across zero since it was looked at.
    jumped = abs(value) > least(value) && crossed(direction, value, at(zero(T)))
    low = high = jumped ? zero(T) : T(Inf)
    low_value = previous = value
    left = size = beyond = zero(T)
    for k in 1:LOOKS
        x = T(k) / LOOKS
        here = at(x)
        if !isfinite(high) && crossed(direction, previous, here)
            low, high, low_value = left, x, previous
        end
        previous, left = settled(previous, here), x
        size = max(size, abs(here))
        isfinite(high) && (beyond = max(beyond, -sign(low_value) * here))
    end
    isfinite(high) || return Crossing{T}(Inf, size, false, false, false)
    x = jumped ? zero(T) : bracketed(at, low, high, low_value)
    jumped && return Crossing{T}(x, size, true, false, false)
    # A trajectory that comes to rest at zero is carried across by error: there the field itself
    # does not move it.
    inside!(w.y, x)
    forward = -sign(low_value) * rate(w, e, given, t0 + x * h, w.y) * wanted
    far = doubt(inside!, w, e, given, t1)
    undecided = !(forward > far || beyond > FAR * far)
    return Crossing{T}(undecided ? T(Inf) : x, size, false, undecided, forward < 0)
end

"How far the tolerances let a condition stray."
function doubt(inside!::F, w::Watch{T}, e, given, t1) where {F,T}
    inside!(w.y, one(T))
    p = at_time(given, t1)
    fill!(given.rates, 0)
    return abs(e.tangent(w.y, p, t1, w.scale, given.rates, zero(T)))
end

"Find a zero by the Illinois rule."
function bracketed(at::F, a::T, b::T, fa::T) where {F,T}
    sense, fb, tolerance = sign(fa), at(b), 4 * eps(T)
    x, fx = b, fb
    for _ in 1:ITERATIONS
        (b - a > tolerance && !iszero(fx)) || break
        x = fb == fa ? b : b - fb * (b - a) / (fb - fa)
        # Next to an end with a zero, a step across it closes the bracket. The other one may be
        # where the last event has left the condition, which is not the zero looked for.
        x = x > a + tolerance / 2 ? min(x, b - tolerance / 2) : (a + b) / 2
        last, fx = fx, at(x)
        # An end that stays twice counts half, or the other one would creep.
        less = (fx > 0) == (last > 0) ? T(0.5) : one(T)
        if (fx > 0) == (sense > 0)
            a, fa, fb = x, fx, fb * less
        else
            b, fb, fa = x, fx, fa * less
        end
    end
    return x
end
