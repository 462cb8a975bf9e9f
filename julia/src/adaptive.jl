# Adaptive steps of one trajectory, by the integrators of OrdinaryDiffEq. Save times are met by the
# method's own interpolant. Steps end on stops, the times at which inputs jump or timed events
# happen, and on crossings of the conditions of events.
using OrdinaryDiffEqCore: OrdinaryDiffEqCore, ODEIntegrator, get_EEst
using SciMLBase: SciMLBase, ODEProblem, ReturnCode, init, reinit!
using SciMLBase: step!
using LinearAlgebra: LAPACKException, SingularException
using SciMLLogging: None

const MOST_STEPS = 1_000_000  # per trajectory
const IN_A_ROW = 32  # stiff steps, after which a trajectory is handed over
const LOOK_EVERY = 8  # steps: looking takes as long as a third of a short one

"""
    Control(rtol, atol, stops, block=0)

Tolerances on the local error of every component, in the root mean square; and the times on which
steps must end. With `block` components that belong together, the block with the largest error counts:
the derivatives of a state that rests do not rest.
"""
struct Control{T}
    rtol::T
    atol::T
    stops::Vector{T}
    block::Int
end
Control{T}(rtol, atol, stops) where {T} = Control{T}(rtol, atol, stops, 0)

"The largest of the root mean squares of blocks of components."
struct Blocks
    size::Int
end
(b::Blocks)(u::AbstractArray, t) = maximum(
    first -> rms(view(u, first:(first + b.size - 1)), t), 1:(b.size):length(u)
)
(b::Blocks)(u, t) = rms(u, t)
norm_of(control::Control) = control.block == 0 ? rms : Blocks(control.block)

"The root mean square, and a large number where that is none: the step is tried again, shorter."
function rms(u::AbstractArray{T}, t) where {T<:AbstractFloat}
    total = zero(T)
    @simd for x in u
        total += x * x
    end
    return finite(sqrt(total / max(length(u), 1)))
end
rms(u::SVector{N,T}, t) where {N,T<:AbstractFloat} = finite(sqrt(sum(abs2, u) / N))
rms(u, t) = finite(abs(u))
finite(x) = isfinite(x) ? x : oftype(x, 1e10)
never(dt, u, p, t) = false
outside(u, p, t) = !all(isfinite, u)

"An integrator of a trajectory that starts at `t` with `u`."
function integrator(f, u, given, t::T, finish::T, method, control::Control{T}) where {T}
    problem = ODEProblem(f, u, (t, finish), given)
    return init(
        problem,
        method;
        reltol=control.rtol,
        abstol=control.atol,
        tstops=control.stops,
        maxiters=MOST_STEPS,
        internalnorm=norm_of(control),
        unstable_check=never,
        isoutofdomain=outside,
        save_everystep=false,
        save_start=false,
        save_end=false,
        dense=false,
        calck=true,
        verbose=None(),
    )
end

"""
    Place(lane, save, t, u)

Where a trajectory stands: its index, which of the times is the next to save, how far it has come;
and room for a state.
"""
mutable struct Place{T}
    const lane::Int
    save::Int
    t::T
    const u::Vector{T}
end

"""
    follow!(path, place, integ, given, times, control, watch, stop, hand_over)

Follow an integrator to the end of the times, and write the states into `path[lane, :, :]`. Returned
is the status; with `hand_over` it is `Status.STIFF` where the equations became stiff.
"""
function follow!(
    path, place::Place{T}, integ, given, times, control, watch, stop, hand_over
) where {T}
    finish, stiff, count = times[end], 0, 0
    choose_pieces!(given, integ.t)
    inside!(y, x) = interpolate!(y, integ, muladd(x, integ.t - integ.tprev, integ.tprev))
    while true
        iszero(stop[1]) || return Status.INTERRUPTED
        proposed = integ.dtpropose
        step!(integ)
        code = integ.sol.retcode
        if !(code == ReturnCode.Default || code == ReturnCode.Success)
            return status_of(code, all(isfinite, integ.u) && get_EEst(integ) < 1e10)
        end
        started, reached = integ.tprev, integ.t
        integ.dt = reached - started  # which a stop leaves as it had been proposed
        t, some, stopped = reached, false, false
        if watch !== nothing
            scale!(watch.scale, integ, control)
            on_stop = insorted(reached, control.stops) || reached == finish
            wanted = on_stop ? max(integ.dt, proposed) : integ.dt
            t, some, stopped = look!(inside!, watch, given, started, reached, wanted)
        end
        while place.save <= length(times) && times[place.save] <= t
            save!(path, place, integ, times[place.save])
        end
        place.t = t
        count += 1
        if hand_over && count % LOOK_EVERY == 0
            stiff = max(stiff + (looks_stiff(integ, control) ? LOOK_EVERY : -2LOOK_EVERY), 0)
        end
        if some
            happen!(integ, t, watch.after)
            # A stop beyond the event is still to come.
            t < reached && insorted(reached, control.stops) && SciMLBase.add_tstop!(integ, reached)
            t < reached == finish && SciMLBase.add_tstop!(integ, finish)
        end
        hand_over && stiff >= IN_A_ROW && t < finish && return Status.STIFF
        watch !== nothing && watch.short >= SHORT && return Status.EVENTS_ACCUMULATE
        stopped && return Status.STOPPED
        t < finish || return Status.SUCCESS
        choose_pieces!(given, t) && SciMLBase.derivative_discontinuity!(integ, true)
    end
end

@inline function save!(path, place, integ, t)
    u = t == integ.t ? integ.u : interpolated(integ, integ.u, t, place.u)
    write_state!(path, place.lane, place.save, u)
    place.save += 1
    return nothing
end

interpolated(integ, ::SVector, t, room) = integ(t)
interpolated(integ, ::Vector, t, room) = (integ(room, t); room)

function interpolate!(y, integ, t)
    copyto!(y, t == integ.t ? integ.u : interpolated(integ, integ.u, t, y))
    return y
end

"Cut the last step at `t` and put the state `u` there."
function happen!(integ, t, u)
    t < integ.t && SciMLBase.change_t_via_interpolation!(integ, t)
    if integ.u isa SVector
        integ.u = typeof(integ.u)(u)
    else
        copyto!(integ.u, u)
    end
    SciMLBase.derivative_discontinuity!(integ, true)
    return nothing
end

function scale!(scale, integ, control)
    @inbounds for i in eachindex(scale)
        scale[i] = control.atol + control.rtol * max(abs(integ.uprev[i]), abs(integ.u[i]))
    end
    return nothing
end

"""
    looks_stiff(integ, control)

Whether a step of Tsit5 is beyond what is stable, by the largest eigenvalue that its last two stages,
both rates at its end, let see (Hairer & Wanner 1996, IV.2). Sizes are in units of the tolerances: in
these an eigenvector that limits the step stands out, however small its components are.
"""
function looks_stiff(integ::ODEIntegrator{<:Tsit5}, control::Control{T}) where {T}
    k, h = integ.k, integ.dt
    inner = Tsitouras.A[6]  # leads to the state at which the sixth stage was taken
    rates = apart = zero(T)
    @inbounds for i in eachindex(integ.u)
        total = zero(T)
        for s in 1:5
            total += T(inner[s]) * k[s][i]
        end
        size = control.atol + control.rtol * max(abs(integ.uprev[i]), abs(integ.u[i]))
        rates += abs2((k[7][i] - k[6][i]) / size)
        apart += abs2((integ.u[i] - integ.uprev[i] - h * total) / size)
    end
    return h^2 * rates > T(Tsitouras.STABLE)^2 * apart
end
looks_stiff(integ, control) = false
