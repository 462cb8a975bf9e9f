# What XLA means by its operations, where Julia means something else: no function here throws, and
# all of them work for dual numbers where derivatives make sense.

@inline nan(x) = oftype(x, NaN)

@inline ieee_sqrt(x::Union{Float32,Float64}) = Base.sqrt_llvm(x)
@inline ieee_sqrt(x) = x < zero(x) ? nan(x) : sqrt(x)
@inline ieee_log(x) = x < zero(x) ? nan(x) : log(x)
@inline ieee_log1p(x) = x < -one(x) ? nan(x) : log1p(x)
@inline ieee_sin(x) = isinf(x) ? nan(x) : sin(x)
@inline ieee_cos(x) = isinf(x) ? nan(x) : cos(x)
@inline ieee_tan(x) = isinf(x) ? nan(x) : tan(x)
@inline ieee_asin(x) = abs(x) > one(x) ? nan(x) : asin(x)
@inline ieee_acos(x) = abs(x) > one(x) ? nan(x) : acos(x)
@inline ieee_acosh(x) = x < one(x) ? nan(x) : acosh(x)
@inline ieee_atanh(x) = abs(x) > one(x) ? nan(x) : atanh(x)
@inline xla_logistic(x) = inv(one(x) + exp(-x))
@inline ieee_rem(x, y) = (isinf(x) | iszero(y)) ? nan(x) : rem(x, y)

# Zero keeps its sign in odd powers; a negative base takes whole exponents only, or infinite ones.
@inline function ieee_pow(x, y)
    if iszero(x) && !isnan(y) && !iszero(y)
        power = isinteger(y) && isodd(y) ? x : zero(x)
        return y > zero(y) ? power : inv(power)
    end
    (x >= zero(x) || isnan(x)) && return x^y
    isinf(y) && return abs(x)^y
    isinteger(y) && return isodd(y) ? -(abs(x)^y) : abs(x)^y
    isinf(x) && return abs(x)^y
    return nan(x)
end
@inline ieee_pow(x, y::Integer) = x^y

# Whole numbers: x / 0 is -1 (all bits set), x % 0 is x, and the smallest divided by -1 is itself.
@inline function xla_div(x::T, y::T) where {T<:Integer}
    iszero(y) && return -one(T)
    (T <: Signed && y == -one(T)) && return -x
    return div(x, y)
end
@inline function xla_rem(x::T, y::T) where {T<:Integer}
    iszero(y) && return x
    (T <: Signed && y == -one(T)) && return zero(T)
    return rem(x, y)
end
@inline xla_shift_arithmetic(x::Signed, n) = x >> (n % UInt)
@inline xla_shift_arithmetic(x::T, n) where {T<:Unsigned} =
    (signed(x) >> (n % UInt)) % T

# A float becomes a whole number towards zero, within its range; NaN becomes 0.
@inline function xla_int(::Type{T}, x) where {T<:Integer}
    isnan(x) && return zero(T)
    x <= typemin(T) && return typemin(T)
    x >= typemax(T) && return typemax(T)
    return unsafe_trunc(T, x)
end
@inline xla_float(::Type{T}, x::Union{Integer,AbstractFloat}) where {T} = T(x)
@inline xla_float(::Type{T}, x) where {T} = x

# Round to fewer bits, ties to even; what is then too large is infinite, too small zero.
@inline xla_reduce_precision(x, exponent, mantissa) = x
@inline function xla_reduce_precision(x::T, exponent, mantissa) where {T<:Union{Float32,Float64}}
    U, digits, whole = T === Float64 ? (UInt64, 52, 11) : (UInt32, 23, 8)
    if mantissa < digits && isfinite(x)
        bits, least = reinterpret(U, x), one(U) << (digits - mantissa)
        bits += (least >> 1) - one(U) + ((bits >> (digits - mantissa)) & one(U))
        x = reinterpret(T, bits & ~(least - one(U)))
    end
    if exponent < whole && isfinite(x)
        range = 1 << (exponent - 1)
        abs(x) >= ldexp(one(T), range) && return copysign(T(Inf), x)
        abs(x) < ldexp(one(T), 2 - range) && return copysign(zero(T), x)
    end
    return x
end

# Sort `order` (a permutation of 1:n) by `before(i, j)`, stably and in place: a heap sort in which
# the place itself decides between equals.
function xla_sort!(order, before::F) where {F}
    n = length(order)
    after(i, j) = before(j, i) || (!before(i, j) && i > j)
    @inbounds for k in 1:n
        order[k] = k
    end
    @inbounds for start in div(n, 2):-1:1
        sift!(order, start, n, after)
    end
    @inbounds for last in n:-1:2
        order[1], order[last] = order[last], order[1]
        sift!(order, 1, last - 1, after)
    end
    return order
end
@inline function sift!(order, root, last, after::F) where {F}
    @inbounds while 2 * root <= last
        child = 2 * root
        if child < last && after(order[child+1], order[child])
            child += 1
        end
        after(order[child], order[root]) || return nothing
        order[root], order[child] = order[child], order[root]
        root = child
    end
    return nothing
end
# In the order of JAX: -0.0 equals 0.0, and NaN comes last.
@inline xla_before(x, y) = x < y || (isnan(y) && !isnan(x))
@inline xla_before(x::Integer, y::Integer) = x < y

@inline function xla_logaddexp(x, y)
    difference = x - y
    isnan(difference) && return x + y
    return max(x, y) + log1p(exp(-abs(difference)))
end

# The message is made elsewhere, or every function would have to be ready to keep it from the collector.
@inline check_length(x, n) = length(x) >= n || too_short(length(x), n)
@noinline too_short(found, n) = throw(DimensionMismatch("expected $n numbers, got $found"))
