# Where the steps of a sweep are, and where its increments and parameters are found.

const BLOCK = 256  # lanes that are swept together, so that their numbers stay in the cache

"The steps of a sweep: `substeps` of equal length between two of `times`."
struct Grid{T}
    times::Vector{T}
    substeps::Int
end

Base.length(g::Grid) = (length(g.times) - 1) * g.substeps
@inline interval(g::Grid, k) = divrem(k - 1, g.substeps)  # of step k, and its place there
@inline function step_of(g::Grid{T}, k) where {T}
    i, j = interval(g, k)
    h = (g.times[i+2] - g.times[i+1]) / g.substeps
    return muladd(T(j), h, g.times[i+1]), h
end
@inline function saved(g::Grid, k)  # the place among the times where step k ends, or nothing
    i, j = interval(g, k)
    return j == g.substeps - 1 ? i + 2 : nothing
end

@inline row(A::AbstractMatrix, lane, ::Val{N}) where {N} = ntuple(i -> @inbounds(A[lane, i]), Val(N))
@inline row(A::AbstractArray{<:Any,3}, lane, k, ::Val{N}) where {N} =
    ntuple(i -> @inbounds(A[lane, i, k]), Val(N))
@inline row(p::Tuple, lane, ::Val) = p
@inline row(::Nothing, lane, k, ::Val) = ()

@inline function put!(A, lane, x::NTuple{N,Any}) where {N}
    ntuple(i -> (@inbounds A[lane, i] = x[i]; nothing), Val(N))
    return nothing
end
@inline function put!(A, lane, k, x::NTuple{N,Any}) where {N}
    ntuple(i -> (@inbounds A[lane, i, k] = x[i]; nothing), Val(N))
    return nothing
end
@inline function accumulate!(A, lane, x::NTuple{N,Any}) where {N}
    ntuple(i -> (@inbounds A[lane, i] += x[i]; nothing), Val(N))
    return nothing
end

# Parameters that all lanes share become a tuple, those of each lane stay a matrix.
shared(p::AbstractVector, ::Val{M}) where {M} = ntuple(i -> p[i], Val(M))
shared(p::AbstractMatrix, ::Val) = p
