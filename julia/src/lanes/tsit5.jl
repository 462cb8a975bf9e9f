# Steps with the method of Tsitouras on tuples.
using ..PySciML.Tsitouras: ERROR, NODES, STABLE

const A = ntuple(i -> Tsitouras.A[i + 1][1:i], Val(6))

@inline function combined(u::NTuple{N,T}, h, weights::NTuple{S}, k) where {N,T,S}
    return each(Val(N)) do i
        total = T(weights[1]) * k[1][i]
        Base.Cartesian.@nexprs 6 s -> (s < S && (total = muladd(T(weights[s + 1]), k[s + 1][i], total)))
        muladd(h, total, u[i])
    end
end

"""
    tsit5(drift, u, k1, p, t, h)

Try a step from `u`, where the rate is `k1`: the state at its end, the stages, of which the last is
the rate there, and the state at which the last but one was taken.
"""
@inline function tsit5(drift::F, u::NTuple{N,T}, k1, p, t, h) where {F,N,T}
    at(c) = muladd(T(c), h, t)
    k2 = @inline drift(combined(u, h, A[1], (k1,)), p, at(NODES[2]))
    k3 = @inline drift(combined(u, h, A[2], (k1, k2)), p, at(NODES[3]))
    k4 = @inline drift(combined(u, h, A[3], (k1, k2, k3)), p, at(NODES[4]))
    k5 = @inline drift(combined(u, h, A[4], (k1, k2, k3, k4)), p, at(NODES[5]))
    inner = combined(u, h, A[5], (k1, k2, k3, k4, k5))
    k6 = @inline drift(inner, p, t + h)
    new = combined(u, h, A[6], (k1, k2, k3, k4, k5, k6))
    k7 = @inline drift(new, p, t + h)
    return new, (k1, k2, k3, k4, k5, k6, k7), inner
end

"The square of the local error in units of the tolerances, in the mean over the states."
@inline function error_square(u::NTuple{N,T}, new, k, h, rtol, atol) where {N,T}
    terms = each(Val(N)) do i
        total = zero(T)
        Base.Cartesian.@nexprs 7 s -> (total = muladd(T(ERROR[s]), k[s][i], total))
        q = h * total / scale(u[i], new[i], rtol, atol)
        q * q
    end
    return reduce(+, terms) / N
end

@inline scale(a, b, rtol, atol) = muladd(rtol, max(abs(a), abs(b)), atol)

"The square of how far a step goes beyond what is stable (Hairer & Wanner 1996, IV.2)."
@inline function looks_stiff(u::NTuple{N,T}, new, inner, k, h, rtol, atol) where {N,T}
    square(x) = x * x
    rates = each(i -> square((k[7][i] - k[6][i]) / scale(u[i], new[i], rtol, atol)), Val(N))
    apart = each(i -> square((new[i] - inner[i]) / scale(u[i], new[i], rtol, atol)), Val(N))
    return square(h) * reduce(+, rates) > T(STABLE^2) * reduce(+, apart)
end

"The state at a part `x` of a step."
@inline function within(u::NTuple{N,T}, k, h, x) where {N,T}
    weights = Tsitouras.weights(x)
    return combined(u, h, weights, k)
end
