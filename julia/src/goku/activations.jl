# Activations in forms with one exponential without branches, which LLVM vectorises.

@inline exponential(x::T) where {T} = @fastmath exp(clamp(x, T(-60), T(60)))

"The logistic function."
@inline sigmoid(x) = inv(1 + exponential(-x))

"The hyperbolic tangent, to a rounding error of 1 rather than of itself."
@inline function squash(x)
    grown = exponential(2 * clamp(x, oftype(x, -20), oftype(x, 20)))
    return (grown - 1) / (grown + 1)
end

"""
    mish(x)

Mish, `x tanh(softplus(x))` (Misra 2019), and its slope, element by element.
"""
function mish(x::AbstractArray)
    value, slope = similar(x), similar(x)
    value .= mish_value.(x)
    slope .= mish_slope.(x)
    return value, slope
end

# In one pass over memory.
function mish(x::Array)
    value, slope = similar(x), similar(x)
    @inbounds @simd for i in eachindex(x)
        value[i], slope[i] = mish_both(x[i])
    end
    return value, slope
end

@inline function mish_both(x::T) where {T}
    grown = exponential(min(x, T(20)))
    square = grown * (grown + 2)
    squashed, logistic = square / (square + 2), grown / (grown + 1)
    return x * squashed, squashed + x * (1 - squashed * squashed) * logistic
end
mish_value(x) = mish_both(x)[1]
mish_slope(x) = mish_both(x)[2]
