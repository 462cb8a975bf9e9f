# The method of Tsitouras (2011), Comput. Math. Appl. 62, 770: coefficients and interpolant.

const A = (
    (0.161,),
    (-0.008480655492356989, 0.335480655492357),
    (2.8971530571054935, -6.359448489975075, 4.3622954328695815),
    (5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525),
    (
        5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401,
        -0.028269050394068383,
    ),
    (
        0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081,
        2.324710524099774,
    ),
)
const NODES = (0.161, 0.327, 0.9, 0.9800255409045097, 1.0, 1.0)
const ERROR = (
    0.0017800110522257714, 0.0008164344596567463, -0.007880878010261995, 0.144711007173263,
    -0.5823571654525552, 0.45808210592918697, -1 / 66,
)
const STABLE = 3.25  # reach of the stability region along the negative real axis

# The polynomial of the weight of every stage within the step, from the first power on. Those of the
# paper are products: a leading factor, then factors with their constant term first.
const DENSE = let
    product(a, b) = [
        sum(a[j] * b[i - j + 1] for j in eachindex(a) if 1 <= i - j + 1 <= length(b)) for
        i in 1:(length(a) + length(b) - 1)
    ]
    rows = (
        (-1.0530884977290216, [-1.3299890189751412, 1], [0.7139816917074209, -1.4364028541716351, 1]),
        (0.1017, [0, 1.2949852507374631, -2.1966568338249754, 1]),
        (2.490627285651252793, [0, 1.57803468208092486, -2.38535645472061657, 1]),
        (-16.54810288924490272, [0, 1], [-1.21712927295533244, 1], [-0.61620406037800089, 1]),
        (47.37952196281928122, [0, 1], [-1.203071208372362603, 1], [-0.658047292653547382, 1]),
        (-34.87065786149660974, [0, 1], [-1.2, 1], [-2 / 3, 1]),
        (2.5, [0, 1], [-1.0, 1], [-0.6, 1]),
    )
    map(row -> Tuple(Float64.(reduce(product, Base.tail(row); init=[row[1]]))), rows)
end

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
    k2 = @inline drift(combined(u, h, A[1], (k1,)), p, at(NODES[1]))
    k3 = @inline drift(combined(u, h, A[2], (k1, k2)), p, at(NODES[2]))
    k4 = @inline drift(combined(u, h, A[3], (k1, k2, k3)), p, at(NODES[3]))
    k5 = @inline drift(combined(u, h, A[4], (k1, k2, k3, k4)), p, at(NODES[4]))
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
    weights = ntuple(s -> x * evalpoly(x, T.(DENSE[s])), Val(7))
    return combined(u, h, weights, k)
end
