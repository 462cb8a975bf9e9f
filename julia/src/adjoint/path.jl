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

# The numbers of one lane as a tuple, and back; written out, so that loops over lanes become vector
# instructions.
@generated row(A::AbstractMatrix, lane, ::Val{N}) where {N} =
    :(Base.@_inline_meta; @inbounds ($((:(A[lane, $i]) for i in 1:N)...),))
@generated row(A::AbstractArray{<:Any,3}, lane, k, ::Val{N}) where {N} =
    :(Base.@_inline_meta; @inbounds ($((:(A[lane, $i, k]) for i in 1:N)...),))
@inline row(p::Tuple, lane, ::Val) = p
@inline row(::Nothing, lane, k, ::Val) = ()

# Before the functions that generate code with it.
inlined(lines) = quote
    Base.@_inline_meta
    @inbounds begin
        $(lines...)
    end
    return nothing
end

@generated put!(A::AbstractMatrix, lane, x::NTuple{N,Any}) where {N} =
    inlined([:(A[lane, $i] = x[$i]) for i in 1:N])
@generated put!(A::AbstractArray{<:Any,3}, lane, k, x::NTuple{N,Any}) where {N} =
    inlined([:(A[lane, $i, k] = x[$i]) for i in 1:N])
@generated accumulate!(A::AbstractMatrix, lane, x::NTuple{N,Any}) where {N} =
    inlined([:(A[lane, $i] += x[$i]) for i in 1:N])

# Parameters that all lanes share become a tuple, those of each lane stay a matrix.
shared(p::AbstractVector, ::Val{M}) where {M} = ntuple(i -> p[i], Val(M))
shared(p::AbstractMatrix, ::Val) = p
