export Noise, solve_lanes!

"""
    Noise(source, seed, first)

The noise of a seed: from which source, see [`Stream`](@ref), and the index of the first trajectory
in the whole ensemble, counted from 0.
"""
struct Noise
    source::Symbol
    seed::Int
    first::Int
end

"""
    Result(path, status, stopped, steps, rejected, stop)

Where a solve writes: the states, of shape (trajectory, state, time); how each trajectory ended, see
`PySciML.Status`, and at which time; its steps, and those that were tried in vain. Once the element
of `stop` is not zero, the solve ends as soon as it can.
"""
struct Result{T}
    path::Array{T,3}
    status::Vector{Int32}
    stopped::Vector{Float64}
    steps::Vector{Int64}
    rejected::Vector{Int64}
    stop::Vector{Int8}
end

Result(::Type{T}, batch, states, times) where {T} = Result(
    Array{T}(undef, batch, states, times),
    zeros(Int32, batch),
    zeros(batch),
    zeros(Int64, batch),
    zeros(Int64, batch),
    zeros(Int8, 1),
)

const LANES = 64  # trajectories that advance together

"""
    blocks(work, result, batch, size)

Call `work(range)` for ranges of at most `size` trajectories, on all threads.
"""
function blocks(work::F, result, batch, size) where {F}
    starts = 1:size:batch
    function one(start)
        range = start:min(start + size - 1, batch)
        iszero(result.stop[1]) ? work(range) : leave_out!(result, range, 1)
        return nothing
    end
    if Threads.nthreads() == 1 || length(starts) == 1
        foreach(one, starts)
    else
        Threads.@threads :dynamic for start in starts
            one(start)
        end
    end
    return nothing
end

"Mark what has been interrupted: there are no states from the `k`-th time on."
function leave_out!(result::Result{T}, range, k) where {T}
    result.path[range, :, k:end] .= T(NaN)
    result.status[range] .= Status.INTERRUPTED
    return nothing
end

"""
    solve_lanes!(result, system, method, u0, p, grid, noise; lanes)

Solve many trajectories of a small system with fixed steps.

`u0` has a row for every trajectory; so has `p`, or it is a vector that holds for all, or a
[`Swept`](@ref). `noise` is a
[`Noise`](@ref); a matrix of increments, with a row for every trajectory and the sources of one step
after those of the other; or nothing. A trajectory has the same numbers in every ensemble and with
every count of threads.
"""
function solve_lanes!(result::Result{T}, system, method, u0, p, grid, noise; lanes=LANES) where {T}
    f = Small(system)
    return Base.invokelatest(solve_lanes!, result, f, METHODS[Symbol(method)], u0, p, grid, noise, lanes)
end

function solve_lanes!(result::Result, f::Small, method::Method, u0, p, grid, noise, lanes)
    blocks(result, size(u0, 1), lanes) do range
        block = Block(u0[range, :], rows(p, range), start(noise, width(method, f), range, eltype(u0)))
        march_lanes!(method, f, block, grid, Save(result, grid, range, block.u))
    end
    fill!(result.steps, grid.substeps * (length(grid.times) - 1))
    return result
end

"""
    Swept(p, places, values)

Parameters of many trajectories: `p`, in which the elements at `places` differ from trajectory to
trajectory; `values` has a row for each of these.
"""
struct Swept{T}
    p::Vector{T}
    places::Vector{Int}
    values::Matrix{T}
end

# The parameters of a block: a vector where they are the same for all, else a row for each.
rows(p::Vector, _) = p
rows(p::Matrix, range) = p[range, :]
function rows(s::Swept, range)
    made = repeat(s.p', length(range))
    made[:, s.places] .= @view s.values[range, :]
    return made
end

# The parameters of one trajectory.
row(p::Vector, _) = copy(p)
row(p::Matrix, index) = p[index, :]
function row(s::Swept, index)
    made = copy(s.p)
    made[s.places] .= @view s.values[index, :]
    return made
end

start(::Nothing, _, _, _) = nothing
start(increments::Matrix, _, range, _) = increments[range, :]
start(noise::Noise, ::Val{W}, range, ::Type{T}) where {W,T} = start(noise, W, range, T)
start(noise::Noise, count::Int, range, ::Type{T}) where {T} =
    Stream(T, noise.source, noise.seed, noise.first .+ range .- 1, count)

# Keeps the states of a block at a time of the grid, and the last time at which they were finite;
# tells whether to go on.
struct Save{T}
    result::Result{T}
    grid::Grid{T}
    range::UnitRange{Int}
    u::Matrix{T}
end

function (s::Save)(k)
    path, status, stopped = s.result.path, s.result.status, s.result.stopped
    if !iszero(s.result.stop[1])
        leave_out!(s.result, s.range, k)
        return false
    end
    good = Status.SUCCESS
    for i in axes(s.u, 2), (l, row) in enumerate(s.range)
        @inbounds path[row, i, k] = s.u[l, i]
        @inbounds isfinite(s.u[l, i]) || (status[row] = Status.NOT_FINITE)
    end
    for row in s.range
        @inbounds status[row] == good && (stopped[row] = s.grid.times[k])
    end
    return true
end
