# Special functions that do not throw.
import SpecialFunctions

@inline ieee_erfinv(x) = abs(x) > one(x) ? nan(x) : SpecialFunctions.erfinv(x)
@inline ieee_loggamma(x) = first(SpecialFunctions.logabsgamma(x))
@inline ieee_digamma(x) = iszero(x) || (x < 0 && isinteger(x)) ? nan(x) : SpecialFunctions.digamma(x)
