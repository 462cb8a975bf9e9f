# Steps of Tsit5 on given step times, the states at save times between them by its interpolant, and
# the discrete adjoint of both. A few large steps are enough where the equations are smooth.

"""
    DenseSweep(system, steps, times)

Room for a solution by Tsit5 with steps that begin and end at `steps`, saved at `times`, and for
its gradient: [`forward!`](@ref) and [`backward!`](@ref) allocate nothing.
"""
struct DenseSweep{T,S<:System}
    system::S
    steps::Vector{T}
    times::Vector{T}
    within::Vector{Int}  # the step that holds each time
    weights::Matrix{T}  # of the stages of that step, for each time; of a time at its end zero
    y::Matrix{T}  # states at the stages; stage i of step s is column 6 (s - 1) + i
    k::Matrix{T}  # rates there; the last of one step is the first of the next
    states::Matrix{T}  # (states, times)
    cotangents::Matrix{T}
    p::Vector{T}
    λ::Vector{T}
    bars::Matrix{T}  # cotangents of the seven rates of a step
    bar::Vector{T}  # of one
    stage::Vector{T}
    gu::Vector{T}
    gp::Vector{T}
end

function DenseSweep(system::System{T}, steps, times) where {T}
    steps, times = collect(T, steps), collect(T, times)
    issorted(steps; lt=<=) && length(steps) > 1 ||
        throw(ArgumentError("the times of the steps must increase, and be two at least"))
    issorted(times) && steps[1] <= times[1] && times[end] <= steps[end] || throw(ArgumentError(
        "save times must increase between $(steps[1]) and $(steps[end]); got $times",
    ))
    within = [clamp(searchsortedfirst(steps, t) - 1, 1, length(steps) - 1) for t in times]
    weights = zeros(T, 7, length(times))
    for (i, (t, s)) in enumerate(zip(times, within))
        (t == steps[s] || t == steps[s+1]) && continue
        weights[:, i] .= Tsitouras.weights((t - steps[s]) / (steps[s+1] - steps[s]))
    end
    n, m, columns = system.states, system.params, 6 * (length(steps) - 1) + 1
    room(k...) = zeros(T, k...)
    return DenseSweep(
        system, steps, times, within, weights, room(n, columns), room(n, columns),
        room(n, length(times)), room(n, length(times)), room(m), room(n), room(n, 7), room(n), room(n), room(n), room(m),
    )
end

@inline function add_column!(y, a, matrix, column)
    @inbounds @simd ivdep for i in eachindex(y)
        y[i] = muladd(a, matrix[i, column], y[i])
    end
    return nothing
end
@inline function add_to_column!(matrix, column, a, x)
    @inbounds @simd ivdep for i in eachindex(x)
        matrix[i, column] = muladd(a, x[i], matrix[i, column])
    end
    return nothing
end
@inline read_column!(x, matrix, column) = (x .= view(matrix, :, column))

# Whether the i-th save time lies strictly within its step.
@inline is_inside(s::DenseSweep, i) =
    s.steps[s.within[i]] < s.times[i] < s.steps[s.within[i]+1]
@inline column_of(s::DenseSweep, i) =  # of the state at a save time on a step's end
    6 * (s.times[i] == s.steps[s.within[i]] ? s.within[i] - 1 : s.within[i]) + 1

"""
    forward!(sweep, u0, p)

Solve from the state `u0` with the parameters `p`; the states at the save times, a matrix
(states, times), are `sweep.states`.
"""
function forward!(sweep::DenseSweep, u0, p)
    return forward!(sweep, inplace(sweep.system.drift, VALUE, sweep.system.params), u0, p)
end

function forward!(sweep::DenseSweep{T}, drift::F, u0, p) where {T,F}
    (; y, k, steps, stage, states) = sweep
    copyto!(sweep.p, p)
    stage .= u0
    y[:, 1] .= stage
    drift(sweep.gu, stage, sweep.p, steps[1])
    k[:, 1] .= sweep.gu
    for s in 1:(length(steps)-1)
        first = 6 * (s - 1)
        h = steps[s+1] - steps[s]
        for i in 2:7
            read_column!(stage, y, first + 1)
            for j in 1:(i-1)
                add_column!(stage, h * T(Tsitouras.A[i][j]), k, first + j)
            end
            y[:, first+i] .= stage
            drift(sweep.gu, stage, sweep.p, muladd(T(Tsitouras.NODES[i]), h, steps[s]))
            k[:, first+i] .= sweep.gu
        end
    end
    for i in eachindex(sweep.times)
        save!(states, sweep, i)
    end
    return states
end

function save!(states, sweep::DenseSweep, i)
    (; y, k, steps, within, weights, stage) = sweep
    if is_inside(sweep, i)
        s = within[i]
        read_column!(stage, y, 6 * (s - 1) + 1)
        for j in 1:7
            add_column!(stage, (steps[s+1] - steps[s]) * weights[j, i], k, 6 * (s - 1) + j)
        end
    else
        read_column!(stage, y, column_of(sweep, i))
    end
    states[:, i] .= stage
    return nothing
end

"""
    backward!(gu0, gp, sweep, cotangents)

Write the gradient by the initial state and the parameters, given cotangents (states, times) of
the saved states of the last [`forward!`](@ref).
"""
function backward!(gu0, gp, sweep::DenseSweep, cotangents)
    return backward!(
        gu0, gp, sweep, inplace(sweep.system.drift, VJP, sweep.system.params), cotangents
    )
end

function backward!(gu0, gp, sweep::DenseSweep{T}, vjp::F, cotangents) where {T,F}
    (; λ, bars, steps, times, within, weights) = sweep
    size(cotangents) == size(sweep.states) || throw(DimensionMismatch(
        "cotangents must be like the states, $(size(sweep.states)); got $(size(cotangents))",
    ))
    fill!(gp, 0)
    fill!(λ, 0)
    fill!(bars, 0)
    i = length(times)
    for s in (length(steps)-1):-1:1
        h = steps[s+1] - steps[s]
        while i >= 1 && !is_inside(sweep, i) && column_of(sweep, i) == 6s + 1
            add_column!(λ, one(T), cotangents, i)
            i -= 1
        end
        last = i
        while i >= 1 && within[i] == s && is_inside(sweep, i)
            for j in 1:7, r in axes(bars, 1)
                bars[r, j] = muladd(h * weights[j, i], cotangents[r, i], bars[r, j])
            end
            i -= 1
        end
        step_back!(gp, sweep, vjp, s, h)
        for inner in (i+1):last
            add_column!(λ, one(T), cotangents, inner)
        end
        bars[:, 7] .= view(bars, :, 1)  # the first rate is the last of the step before
        bars[:, 1:6] .= 0
    end
    for first in 1:i
        add_column!(λ, one(T), cotangents, first)
    end
    rate_back!(gp, sweep, vjp, 1, 7, steps[1])
    gu0 .= λ
    return nothing
end

# Take λ, the cotangent of the state at the end of step s, and those of its rates to its start.
function step_back!(gp, sweep::DenseSweep{T}, vjp::F, s, h) where {T,F}
    (; λ, bars, gu, steps) = sweep
    first = 6 * (s - 1)
    rate_back!(gp, sweep, vjp, first + 7, 7, steps[s+1])
    for j in 1:6
        add_to_column!(bars, j, h * T(Tsitouras.A[7][j]), λ)
    end
    for i in 6:-1:2
        rate_back!(gp, sweep, vjp, first + i, i, muladd(T(Tsitouras.NODES[i]), h, steps[s]))
        for j in 1:(i-1)
            add_to_column!(bars, j, h * T(Tsitouras.A[i][j]), gu)
        end
    end
    return nothing
end

# Take the cotangent of a rate to the state it was evaluated at (`gu`, added to λ) and to p.
function rate_back!(gp, sweep::DenseSweep{T}, vjp::F, column, i, t) where {T,F}
    (; λ, bars, bar, gu, stage, p) = sweep
    read_column!(stage, sweep.y, column)
    read_column!(bar, bars, i)
    vjp(gu, sweep.gp, stage, p, t, bar)
    axpy!(λ, one(T), gu)
    axpy!(gp, one(T), sweep.gp)
    return nothing
end
