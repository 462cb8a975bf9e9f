# The hyperbolic tangent without branches or tables, so that loops over it become vector
# instructions. With e = exp(2|x|) - 1 it is e / (e + 2). With 2|x| = k log(2) + r, k whole and
# |r| <= log(2) / 2, e = 2^k (exp(r) - 1) + (2^k - 1), where exp(r) - 1 is summed as its Taylor
# series to below half a unit in the last place; 2^k is made from its bits.

@inline xla_tanh(x) = tanh(x)
@inline xla_tanh(x::Float64) = vector_tanh(x, 20.0, Tanh64)
@inline xla_tanh(x::Float32) = vector_tanh(x, 10.0f0, Tanh32)

# log(2) in two parts, of which the first has few digits; a number that leaves the digits before the
# point when it is added; the bits of 1; how far they are shifted; 1/2!, 1/3! and so on.
const Tanh64 = (
    0x1.62e42feep-1, 0x1.a39ef35793c76p-33, 0x1.8p52, 1023, 52,
    (
        1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720, 1 / 5040, 1 / 40320, 1 / 362880, 1 / 3628800,
        1 / 39916800, 1 / 479001600, 1 / 6227020800,
    ),
)
const Tanh32 = (
    Float32(0x1.62e4p-1), Float32(0x1.7f7d1cf79abcap-20), Float32(0x1.8p23), Int32(127), Int32(23),
    Float32.((1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720, 1 / 5040, 1 / 40320)),
)

@inline function vector_tanh(x::T, far::T, constants) where {T}
    high, low, digits, one_bits, shift, series = constants
    z = abs(x)
    twice = 2 * ifelse(z > far, far, z)  # beyond `far` it is 1; NaN stays
    shifted = muladd(twice, T(1.4426950408889634), digits)
    k = shifted - digits
    r = muladd(-k, low, muladd(-k, high, twice))
    power = scale_of(shifted, digits, one_bits, shift)
    small = muladd(r * r, evalpoly(r, series), r)
    e = muladd(power, small, power - one(T))
    return copysign(e / (e + 2), x)
end

@inline function scale_of(shifted::T, digits::T, one_bits, shift) where {T}
    integer(y) = reinterpret(T === Float64 ? Int64 : Int32, y)
    return reinterpret(T, (integer(shifted) - integer(digits) + one_bits) << shift)
end
