# Fixed steps of many trajectories of a small system: a block of them advances together, one lane
# each, so that LLVM vectorises along the lanes.

"""
    Lane(matrix, lane)

The parameters of one lane, of a matrix with a row for each.
"""
struct Lane{T} <: AbstractVector{T}
    rows::Matrix{T}
    lane::Int
end

Base.size(p::Lane) = (size(p.rows, 2),)
Base.@propagate_inbounds Base.getindex(p::Lane, i::Int) = p.rows[p.lane, i]

@inline at(p::Vector, _) = p  # the same for all lanes
@inline at(p::Matrix, lane) = Lane(p, lane)

"""
    Block

The lanes of one task: their states, parameters and noise.
"""
struct Block{T,P<:VecOrMat{T},S}
    u::Matrix{T}  # (lane, state)
    p::P
    noise::S  # a Stream, increments (lane, source and step), or nothing
end

"""
    advance!(method, f, block, numbers, offset, root, t, h)

Take a step of every lane. Its increments are `root` times the columns after `offset` of `numbers`.
"""
function advance!(method::M, f::F, u, p, numbers, offset, root, t, h, count::Val{W}) where {M,F,W}
    @inbounds @simd ivdep for l in axes(u, 1)
        dw = scaled(root, loaded(numbers, l, count, offset))
        new = step(method, f, loaded(u, l, states(f)), at(p, l), t, h, dw)
        store!(u, l, new)
    end
    return nothing
end

# Within bounds by construction; a check would keep LLVM from vectorising.
@inline loaded(u, l, ::Val{N}, offset=0) where {N} = ntuple(i -> (@inbounds u[l, offset + i]), Val(N))

@inline function store!(u, l, new::NTuple{N}) where {N}
    ntuple(i -> (@inbounds u[l, i] = new[i]; nothing), Val(N))
    return nothing
end

"""
    Grid(times, substeps)

Times that are saved, and how many steps of equal length lie between two of them.
"""
struct Grid{T}
    times::Vector{T}
    substeps::Int
end

interval(g::Grid, k) = (g.times[k], (g.times[k + 1] - g.times[k]) / g.substeps)

"""
    march_lanes!(method, f, block, grid, save)

Advance a block over a grid, and call `save(k)` at each of its times, as long as that gives true.
"""
function march_lanes!(method, f, b::Block, grid::Grid, save::S) where {S}
    count = width(method, f)
    save(1) || return nothing
    for k in 1:(length(grid.times) - 1)
        start, h = interval(grid, k)
        for j in 0:(grid.substeps - 1)
            numbers, offset, root = numbers!(b, count, (k - 1) * grid.substeps + j, sqrt(h))
            advance!(method, f, b.u, b.p, numbers, offset, root, start + j * h, h, count)
        end
        save(k + 1) || return nothing
    end
    return nothing
end

width(method, ::Small{N,D}) where {N,D} = Val(D * kinds(method))

# Where the numbers of a step are, and what they are to be multiplied by.
@inline numbers!(b::Block, count, step, root) = numbers!(b.noise, b, count, step, root)
@inline numbers!(s::Stream, _, _, step, root) = s.numbers, draw!(s, step), root
@inline numbers!(m::Matrix{T}, _, ::Val{W}, step, _) where {T,W} = m, W * step, one(T)
@inline numbers!(::Nothing, b, _, _, root) = b.u, 0, root
