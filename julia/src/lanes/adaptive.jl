# Adaptive steps of many trajectories of a small system. Every lane has a step of its own; all try
# one at the same time, in loops along the lanes that LLVM vectorises. A lane whose trajectory has
# ended takes the next one, so that none waits for the slowest.

const MAX_STEPS = 1_000_000  # per trajectory
const SAFETY, SHRINK, GROW, GROW_FIRST = 0.9, 0.2, 10.0, 1e4
const KI, KP = 7 / 50, 2 / 25  # proportional-integral control (Hairer & Wanner 1996, IV.2)
const LEAST_ERROR = 1e-4  # that the control remembers
const STIFF_STEPS = 15  # in a row, after which a trajectory is left to a method for stiff equations

"""
    Tolerances(rtol, atol)
"""
struct Tolerances{T}
    rtol::T
    atol::T
end

"""
    Lockstep

The lanes of one task. Every array has a row for every lane.
"""
struct Lockstep{T,P<:VecOrMat{T}}
    u::Matrix{T}
    slope::Matrix{T}  # the rate at `u`
    new::Matrix{T}  # the state at the end of the step that is tried
    stages::Array{T,3}  # of it (lane, state, stage); the last is the rate at its end
    p::P
    t::Vector{T}
    h::Vector{T}  # the next step
    tried::Vector{T}  # the step that is tried
    error::Vector{T}  # the square of its error
    old::Vector{T}  # logarithm of the error of the last step that was kept, times `KP`
    most::Vector{T}  # by how much the step may grow
    next::Vector{T}  # the next time to save
    stiff::Vector{T}  # steps in a row that looked stiff
    steps::Matrix{T}  # kept, and tried in vain
    keep::Vector{Bool}  # the step that was tried
    index::Vector{Int}  # the trajectory in this lane; 0 for none
    save::Vector{Int}  # which of the times is the next to save
end

function Lockstep{T}(lanes, states, p, stages) where {T}
    matrix() = zeros(T, lanes, states)
    vectors = ntuple(_ -> zeros(T, lanes), 8)
    return Lockstep(
        matrix(), matrix(), matrix(), zeros(T, lanes, states, stages), p, vectors...,
        zeros(T, lanes, 2), fill(false, lanes), zeros(Int, lanes), zeros(Int, lanes),
    )
end

"""
    solve_lanes!(result, system, u0, p, times, tolerances; lanes, hand_over)

Solve many trajectories of a small ordinary differential equation with Tsit5 and adaptive steps, and
save them at `times`, the first of which is the initial one. Other arguments are as with fixed steps.
With `hand_over` a trajectory ends where its equations become stiff, see `PySciML.Status`.
"""
function solve_lanes!(
    result::Result{T}, system, u0, p, times, tolerances::Tolerances; lanes=LANES, hand_over=false
) where {T}
    f = Small(system)
    return Base.invokelatest(
        solve_lanes!, result, f, u0, p, times, tolerances, lanes, Val(hand_over)
    )
end

function solve_lanes!(result::Result, f::Small, u0, p, times, tolerances, lanes, hand_over)
    batch = size(u0, 1)
    waiting = Threads.Atomic{Int}(1)
    work(_) = run!(result, f, u0, p, times, tolerances, min(lanes, batch), waiting, hand_over)
    workers = min(Threads.nthreads(), cld(batch, lanes))
    if workers == 1
        work(1)
    else
        finish([Threads.@spawn work(worker) for worker in 1:workers])
    end
    foreach(row -> leave_out!(result, row:row, 1), waiting[]:batch)  # after an interrupt
    return result
end

function run!(
    result::Result{T}, f::Small{N}, u0, p, times, tolerances, lanes, waiting, hand_over
) where {T,N}
    stages = length(times) > 2 ? 7 : 1  # one is enough where only the end is saved
    own = p isa Vector ? p : rows(p, fill(1, lanes))
    c = Lockstep{T}(lanes, N, own, stages)
    for l in 1:lanes
        begin!(c, l, f, result, u0, p, times, tolerances, waiting)
    end
    finish = last(times)
    while any(!iszero, c.index)
        iszero(result.stop[1]) || return interrupt!(c, result)
        try_step!(c, f, finish, tolerances, hand_over, Val(stages))
        busy = control!(c, finish, hand_over)
        for l in 1:(busy > 0 ? lanes : 0)
            settle!(c, l, f, result, times)
        end
        commit!(c, finish, f)
        for l in 1:(busy > 0 ? lanes : 0)
            ended(c, l, times) && begin!(c, l, f, result, u0, p, times, tolerances, waiting)
        end
    end
    return nothing
end

function interrupt!(c::Lockstep, result)
    for (l, row) in enumerate(c.index)
        row > 0 && leave_out!(result, row:row, c.save[l])
        row > 0 && (result.stopped[row] = c.t[l])
    end
    return nothing
end

ended(c::Lockstep, l, times) = c.index[l] != 0 && c.save[l] > length(times)

"Put the next trajectory that waits into a lane, or none."
function begin!(c::Lockstep{T}, l, f::Small{N}, result, u0, p, times, tolerances, waiting) where {T,N}
    index = Threads.atomic_add!(waiting, 1)
    t, finish = first(times), last(times)
    c.save[l], c.t[l], c.h[l], c.next[l] = 0, finish, zero(T), T(Inf)
    if index > size(u0, 1)
        c.index[l] = 0
        return nothing
    end
    c.index[l], c.save[l], c.t[l], c.next[l] = index, 2, t, times[2]
    take!(c.p, l, p, index)
    c.stiff[l], c.most[l], c.old[l] = 0, GROW_FIRST, T(KP * log(LEAST_ERROR))
    c.steps[l, :] .= 0
    u = ntuple(i -> u0[index, i], Val(N))
    slope = f.drift(u, at(c.p, l), t)
    for i in 1:N
        result.path[index, i, 1], c.u[l, i], c.slope[l, i] = u[i], u[i], slope[i]
    end
    c.h[l] = first_step(f.drift, u, slope, at(c.p, l), t, finish - t, tolerances)
    return nothing
end

# Put the parameters of a trajectory into a lane.
take!(_, _, ::Vector, _) = nothing
take!(own, l, p::Matrix, index) = foreach(i -> own[l, i] = p[index, i], axes(p, 2))
take!(own, l, s::Swept, index) =
    foreach(k -> own[l, s.places[k]] = s.values[index, k], eachindex(s.places))

"Guess the first step, at most the span (Hairer, Norsett & Wanner 1993, II.4)."
function first_step(drift, u::NTuple{N,T}, slope, p, t, span, tolerances) where {N,T}
    size(x) = sqrt(
        sum(i -> abs2(x[i] / (tolerances.atol + tolerances.rtol * abs(u[i]))), 1:N) / N
    )
    d0, d1 = size(u), size(slope)
    h0 = d0 < 1e-5 || d1 < 1e-5 ? T(1e-6) : T(0.01) * d0 / d1
    h0 = min(h0, span)
    ahead = drift(moved(u, h0, slope), p, t + h0)
    most = max(d1, size(map(-, ahead, slope)) / h0)
    h1 = most <= 1e-15 ? max(T(1e-6), h0 / 1000) : (T(0.01) / most)^T(1 / 5)
    h = min(100h0, h1, span)
    return isfinite(h) ? h : span
end

function try_step!(
    c::Lockstep{T}, f::Small{N}, finish, tolerances, ::Val{hand_over}, ::Val{stages}
) where {T,N,hand_over,stages}
    rtol, atol = tolerances.rtol, tolerances.atol
    @inbounds @simd ivdep for l in axes(c.u, 1)
        left = finish - c.t[l]
        h = ifelse(lands(c.h[l], left), left, c.h[l])
        u, slope = loaded(c.u, l, Val(N)), loaded(c.slope, l, Val(N))
        new, k, inner = tsit5(f.drift, u, slope, at(c.p, l), c.t[l], h)
        store!(c.new, l, new)
        stages == 1 ? store!(c.stages, l, k[7], 1) : store_all!(c.stages, l, k)
        c.tried[l] = h
        c.error[l] = error_square(u, new, k, h, rtol, atol)
        if hand_over
            stiff = looks_stiff(u, new, inner, k, h, rtol, atol)
            c.stiff[l] = ifelse(stiff, c.stiff[l] + 1, max(c.stiff[l] - 2, zero(T)))
        end
    end
    return nothing
end

# A step that would leave a crumb before the end takes it along.
@inline lands(h::T, left) where {T} = h * T(1.000001) >= left

@inline function store!(stages, l, k::NTuple{N}, stage) where {N}
    ntuple(i -> (@inbounds stages[l, i, stage] = k[i]; nothing), Val(N))
    return nothing
end

@inline function store_all!(stages, l, k)
    Base.Cartesian.@nexprs 7 s -> store!(stages, l, k[s], s)
    return nothing
end

"Choose the next step of every lane, and count those that have something to save or to end."
function control!(c::Lockstep{T}, finish, ::Val{hand_over}) where {T,hand_over}
    busy = 0
    @inbounds @simd ivdep for l in eachindex(c.t)
        error, h, t = c.error[l], c.tried[l], c.t[l]
        keep = error <= 1
        # Powers of errors as exponentials, all in arithmetic that LLVM vectorises.
        log_error = quick_log(ifelse(error < T(1e20), max(error, T(1e-20)), T(1e20))) / 2
        factor = T(SAFETY) * quick_exp(ifelse(keep, c.old[l], zero(T)) - T(KI) * log_error)
        proposed = h * clamp(factor, T(SHRINK), ifelse(keep, c.most[l], one(T)))
        c.old[l] = ifelse(keep, T(KP) * max(log_error, T(log(LEAST_ERROR))), c.old[l])
        c.most[l] = ifelse(keep, T(GROW), c.most[l])
        c.h[l], c.keep[l] = proposed, keep
        c.steps[l, 1] += ifelse(keep, one(T), zero(T))
        c.steps[l, 2] += ifelse(keep, zero(T), one(T))
        reached = ifelse(lands(h, finish - t), finish, t + h)
        ended = !keep & isstuck(proposed, t) | (c.steps[l, 1] + c.steps[l, 2] >= MAX_STEPS)
        hand_over && (ended |= c.stiff[l] >= STIFF_STEPS)
        busy += ifelse((keep & (reached >= c.next[l])) | ended, 1, 0)
    end
    return busy
end

@inline isstuck(h::T, t) where {T} = h < 16 * eps(T) * max(abs(t), T(1e-30))

"Save what a lane has passed, and end it where it cannot go on."
function settle!(c::Lockstep{T}, l, f::Small{N}, result, times) where {T,N}
    c.index[l] == 0 && return nothing
    row, count = c.index[l], length(times)
    t, h = c.t[l], c.tried[l]
    landed = lands(h, last(times) - t)
    if c.keep[l]
        u = ntuple(i -> c.u[l, i], Val(N))
        while c.save[l] <= count && (landed || times[c.save[l]] <= t + h)
            k = c.save[l]
            value = if k == count
                ntuple(i -> c.new[l, i], Val(N))
            else
                stages = ntuple(s -> ntuple(i -> c.stages[l, i, s], Val(N)), Val(7))
                within(u, stages, h, (times[k] - t) / h)
            end
            foreach(i -> result.path[row, i, k] = value[i], 1:N)
            c.save[l] += 1
        end
        c.save[l] <= count && (c.next[l] = times[c.save[l]])
    end
    status = if c.save[l] > count
        Status.SUCCESS
    elseif c.stiff[l] >= STIFF_STEPS
        Status.STIFF
    elseif !c.keep[l] && isstuck(c.h[l], t)
        isfinite(c.error[l]) ? Status.STEP_TOO_SMALL : Status.NOT_FINITE
    elseif c.steps[l, 1] + c.steps[l, 2] >= MAX_STEPS
        Status.TOO_MANY_STEPS
    else
        return nothing
    end
    for k in c.save[l]:count, i in 1:N
        result.path[row, i, k] = T(NaN)
    end
    c.save[l] = count + 1
    result.status[row] = status
    result.stopped[row] = status == Status.SUCCESS ? last(times) : c.keep[l] ? t + h : t
    result.steps[row], result.rejected[row] = c.steps[l, 1], c.steps[l, 2]
    return nothing
end

"Go to the end of the step that was tried, where it is kept."
function commit!(c::Lockstep{T}, finish, ::Small{N}) where {T,N}
    stage = size(c.stages, 3)
    for i in 1:N
        @inbounds @simd ivdep for l in eachindex(c.t)
            c.u[l, i] = ifelse(c.keep[l], c.new[l, i], c.u[l, i])
            c.slope[l, i] = ifelse(c.keep[l], c.stages[l, i, stage], c.slope[l, i])
        end
    end
    @inbounds @simd ivdep for l in eachindex(c.t)
        reached = ifelse(lands(c.tried[l], finish - c.t[l]), finish, c.t[l] + c.tried[l])
        c.t[l] = ifelse(c.keep[l], reached, c.t[l])
    end
    return nothing
end

@inline quick_log(x::T) where {T} = 32 * log(T(2)) - minus_log2_32(x)

"The exponential to 1e-8, of numbers that are not large."
@inline function quick_exp(x::T) where {T}
    shift = T(1.5) * T(2)^(precision(T) - 1)  # rounds to whole numbers, which are the last bits
    rounded = muladd(x, T(1.4426950408889634), shift)
    r = muladd(rounded - shift, -T(0.6931471805599453), x)
    power = evalpoly(r, T.((1, 1, 1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720, 1 / 5040)))
    bits = reinterpret(Unsigned, rounded) << (precision(T) - 1)
    return reinterpret(T, bits + reinterpret(Unsigned, power))
end
