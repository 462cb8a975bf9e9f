# Special functions that do not throw.
import SpecialFunctions

@inline ieee_erfinv(x) = abs(x) > one(x) ? nan(x) : SpecialFunctions.erfinv(x)
@inline ieee_loggamma(x) = first(SpecialFunctions.logabsgamma(x))
@inline ieee_digamma(x) = iszero(x) || (x < 0 && isinteger(x)) ? nan(x) : SpecialFunctions.digamma(x)

# Of whole order; at zero and the negative whole numbers both sides have the same limit, or none.
@inline function xla_polygamma(m, x)
    (isinteger(m) && m >= zero(m)) || return nan(x)
    iszero(m) && return ieee_digamma(x)
    (x <= zero(x) && isinteger(x)) && return isodd(m) ? oftype(x, Inf) : nan(x)
    return SpecialFunctions.polygamma(Int(m), x)
end
@inline function xla_zeta(s, q)
    s == one(s) && return oftype(q, Inf)
    s > one(s) || return nan(q)
    q > zero(q) && return SpecialFunctions.zeta(s, q)
    isinteger(s) || return nan(q)
    isinteger(q) && return iseven(s) ? oftype(q, Inf) : nan(q)
    found = SpecialFunctions.polygamma(Int(s) - 1, q) / SpecialFunctions.gamma(s)
    return iseven(s) ? found : -found
end

# At the ends of their domains, where the library throws, they have the limits that JAX gives.
@inline function xla_igamma(a, x)
    (a >= zero(a) && x >= zero(x) && !(iszero(a) && iszero(x))) || return nan(x)
    (iszero(x) || isinf(a)) && return isinf(x) ? one(x) : zero(x)
    return iszero(a) || isinf(x) ? one(x) : first(SpecialFunctions.gamma_inc(a, x))
end
@inline function xla_igammac(a, x)
    (a >= zero(a) && x >= zero(x) && !(iszero(a) && iszero(x))) || return nan(x)
    (iszero(x) || isinf(a)) && return isinf(x) ? zero(x) : one(x)
    return iszero(a) || isinf(x) ? zero(x) : last(SpecialFunctions.gamma_inc(a, x))
end
@inline function xla_betainc(a, b, x)
    (a >= zero(a) && b >= zero(b) && zero(x) <= x <= one(x)) || return nan(x)
    at_zero, at_one = iszero(a) || isinf(b), iszero(b) || isinf(a)  # where all the weight is
    at_zero && return at_one ? nan(x) : iszero(x) ? zero(x) : one(x)
    at_one && return x < one(x) ? zero(x) : one(x)
    return first(SpecialFunctions.beta_inc(a, b, x))
end

# Far out, where the library gives up, by the first terms of their expansion.
@inline xla_bessel_i0e(x) = bessel_scaled(0, abs(x), oftype(x, 1 / 8))
@inline xla_bessel_i1e(x) = copysign(bessel_scaled(1, abs(x), oftype(x, -3 / 8)), x)
@inline function bessel_scaled(n, x, slope)
    x > oftype(x, 1e8) && return (one(x) + slope / x) / sqrt(oftype(x, 2pi) * x)
    return isnan(x) ? x : SpecialFunctions.besselix(n, x)
end
