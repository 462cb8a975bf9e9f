"""
    plain(x)

An `Array` of the memory of `x`. One that is stored row by row, as those of NumPy are, is seen as
its transpose: its last dimension comes first. The memory must outlive the result.
"""
plain(x::Array) = x
plain(x::AbstractRange) = collect(x)
function plain(x::AbstractArray{T,N}) where {T,N}
    (isempty(x) || !isbitstype(T)) && return Array{T,N}(permutedims(x, N:-1:1))
    if by_row(x)
        return unsafe_wrap(Array, pointer(x), reverse(size(x)))
    elseif by_row(PermutedDimsArray(x, N:-1:1))
        return unsafe_wrap(Array, pointer(x), size(x))
    end
    return permutedims(x, N:-1:1)
end
plain(x::AbstractVector{T}) where {T} =
    !isempty(x) && isbitstype(T) && strides(x) == (1,) ? unsafe_wrap(Array, pointer(x), length(x)) :
    collect(x)

# Whether elements whose last indices are neighbours are neighbours in memory.
function by_row(x)
    step = 1
    for (size, stride) in Iterators.reverse(zip(size(x), strides(x)))
        size == 1 || stride == step || return false
        step *= size
    end
    return true
end
