# One step of one trajectory, with its state as a tuple: what a lane does. `f` is a `Small`, `dw` the
# Brownian increments or, for `SRA1` and `SRIW1`, those and as many numbers of the same law.

abstract type Method end
struct Euler <: Method end
struct EulerMaruyama <: Method end
struct EulerHeun <: Method end
struct Heun <: Method end
struct RK4 <: Method end
struct Milstein <: Method end
struct SRA1 <: Method end
struct SRIW1 <: Method end

const METHODS = Dict{Symbol,Method}(
    nameof(typeof(m)) => m for
    m in (Euler(), EulerMaruyama(), EulerHeun(), Heun(), RK4(), Milstein(), SRA1(), SRIW1())
)

"Numbers per source and step."
kinds(::Method) = 1
kinds(::Union{SRA1,SRIW1}) = 2

"""
    Small(system)

The functions of a system that are small enough to be evaluated on tuples, with what a compiler is
to know about it: the count of states and of sources, the kind and the calculus of the noise.
"""
struct Small{N,D,K,C,F,G,J}
    drift::F
    diffusion::G
    jac::J
end

function Small(s::System)
    D = s.diffusion
    drift = s.drift.values.value
    value = isnothing(D) ? nothing : D.values.value
    jac = isnothing(D) || !haskey(D.values, :jac) ? nothing : D.values.jac
    F, G, J = typeof(drift), typeof(value), typeof(jac)
    return Small{s.states,s.sources,s.noise,s.calculus,F,G,J}(drift, value, jac)
end

"""
    issmall(system, method)

Whether all that the steps of a method need has been written for tuples.
"""
function issmall(s::System, method=nothing)
    haskey(s.drift.values, :value) || return false
    isnothing(s.diffusion) && return true
    haskey(s.diffusion.values, :value) || return false
    return !(method isa Milstein) || haskey(s.diffusion.values, :jac)
end

states(::Small{N}) where {N} = Val(N)
sources(::Small{N,D}) where {N,D} = Val(D)

@inline each(g, ::Val{N}) where {N} = ntuple(g, Val(N))
@inline moved(u::NTuple{N}, a, x) where {N} = each(i -> muladd(a, x[i], u[i]), Val(N))
@inline plus(u::NTuple{N}, x) where {N} = each(i -> u[i] + x[i], Val(N))
@inline scaled(a, x::NTuple{N}) where {N} = each(i -> a * x[i], Val(N))
@inline mean(x::NTuple{N}, y) where {N} = each(i -> (x[i] + y[i]) / 2, Val(N))

"Amplitudes times increments, summed over the sources."
@inline shake(::Small{N,D,:diagonal}, g, dw) where {N,D} = each(i -> g[i] * dw[i], Val(N))
@inline shake(::Small{N,D,:scalar}, g, dw) where {N,D} = each(i -> g[i] * dw[1], Val(N))
@inline shake(::Small{N,D,:general}, g, dw) where {N,D} =
    each(i -> reduce(+, each(j -> g[i + (j - 1) * N] * dw[j], Val(D))), Val(N))

@inline step(::Euler, f, u, p, t, h, _) = moved(u, h, @inline f.drift(u, p, t))

@inline function step(::EulerMaruyama, f, u, p, t, h, dw)
    drifted = moved(u, h, @inline f.drift(u, p, t))
    return plus(drifted, shake(f, (@inline f.diffusion(u, p, t)), dw))
end

@inline function step(::EulerHeun, f, u, p, t, h, dw)
    drifted = moved(u, h, @inline f.drift(u, p, t))
    g = @inline f.diffusion(u, p, t)
    predicted = plus(u, shake(f, g, dw))
    return plus(drifted, shake(f, mean(g, @inline f.diffusion(predicted, p, t + h)), dw))
end

@inline function step(::Heun, f::Small{N,0}, u, p, t, h, _) where {N}
    k = @inline f.drift(u, p, t)
    return moved(u, h, mean(k, @inline f.drift(moved(u, h, k), p, t + h)))
end

@inline function step(::Heun, f, u, p, t, h, dw)
    k, g = (@inline f.drift(u, p, t)), (@inline f.diffusion(u, p, t))
    predicted = plus(moved(u, h, k), shake(f, g, dw))
    drifted = moved(u, h, mean(k, @inline f.drift(predicted, p, t + h)))
    return plus(drifted, shake(f, mean(g, @inline f.diffusion(predicted, p, t + h)), dw))
end

@inline function step(::RK4, f::Small{N}, u, p, t, h, _) where {N}
    k1 = @inline f.drift(u, p, t)
    k2 = @inline f.drift(moved(u, h / 2, k1), p, t + h / 2)
    k3 = @inline f.drift(moved(u, h / 2, k2), p, t + h / 2)
    k4 = @inline f.drift(moved(u, h, k3), p, t + h)
    return moved(u, h, each(i -> (k1[i] + 2k2[i] + 2k3[i] + k4[i]) / 6, Val(N)))
end

# With commuting sources the iterated integrals are products of increments (Kloeden & Platen 1992,
# "Numerical solution of stochastic differential equations", 10.3.16 and 10.3.20).
@inline function step(::Milstein, f::Small{N,D,K,C}, u, p, t, h, dw) where {N,D,K,C}
    drifted = moved(u, h, @inline f.drift(u, p, t))
    g, J = (@inline f.diffusion(u, p, t)), (@inline f.jac(u, p, t))
    shaken = shake(f, g, dw)
    second = shake(f, along(f, J, shaken), dw)
    C === :ito && (second = moved(second, -h, own(f, J, g)))
    return moved(plus(drifted, shaken), oftype(h, 0.5), second)
end

"The derivative of all amplitudes along a direction; `J` has a row for each of them."
@inline along(::Small{N,D,:diagonal}, J, v) where {N,D} = each(i -> J[i + (i - 1) * N] * v[i], Val(N))
@inline along(::Small{N,D,:scalar}, J, v) where {N,D} = product(J, v, Val(N), Val(N))
@inline along(::Small{N,D,:general}, J, v) where {N,D} = product(J, v, Val(N * D), Val(N))
@inline product(J, v, ::Val{R}, ::Val{N}) where {R,N} =
    each(i -> reduce(+, each(k -> J[i + (k - 1) * R] * v[k], Val(N))), Val(R))

"The derivative of the amplitude of every source along itself, summed over the sources."
@inline own(f::Small, J, g) = along(f, J, g)
@inline function own(::Small{N,D,:general}, J, g) where {N,D}
    R = N * D
    term(i, j) = reduce(
        +, each(k -> J[i + (j - 1) * N + (k - 1) * R] * g[k + (j - 1) * N], Val(N))
    )
    return each(i -> reduce(+, each(j -> term(i, j), Val(D))), Val(N))
end

# Roessler (2010), "Runge-Kutta methods for the strong approximation of solutions of stochastic
# differential equations", SIAM J. Numer. Anal. 48, tables 6.3 and 6.1.
@inline function step(::SRA1, f::Small{N,D}, u, p, t, h, draws) where {N,D}
    dw, area = split_draws(Val(D), draws)
    first, last = (@inline f.diffusion(u, p, t)), (@inline f.diffusion(u, p, t + h))
    k1 = @inline f.drift(u, p, t)
    inner = plus(moved(u, h * 3 / 4, k1), shake(f, scaled(oftype(h, 1.5), last), area))
    k2 = @inline f.drift(inner, p, t + h * 3 / 4)
    slope = each(i -> (k1[i] + 2k2[i]) / 3, Val(N))
    change = shake(f, map(-, first, last), area)
    return plus(plus(moved(u, h, slope), shake(f, last, dw)), change)
end

@inline function step(::SRIW1, f::Small{N,D}, u, p, t, h, draws) where {N,D}
    dw, area = split_draws(Val(D), draws)
    root = sqrt(h)
    # Iterated integrals I_(1,1) / sqrt(h) and I_(1,1,1) / h.
    twice = each(j -> (dw[j] * dw[j] - h) / (2 * root), Val(D))
    thrice = each(j -> dw[j] * (dw[j] * dw[j] / h - 3) / 6, Val(D))
    roots = each(_ -> root, Val(D))
    k1, g1 = (@inline f.drift(u, p, t)), (@inline f.diffusion(u, p, t))
    ahead = plus(moved(u, h * 3 / 4, k1), shake(f, scaled(oftype(h, 1.5), g1), area))
    k2 = @inline f.drift(ahead, p, t + h * 3 / 4)
    quarter = moved(u, h / 4, k1)
    g2 = @inline f.diffusion(plus(quarter, shake(f, scaled(oftype(h, 0.5), g1), roots)), p, t + h / 4)
    g3 = @inline f.diffusion(plus(moved(u, h, k1), shake(f, scaled(-one(h), g1), roots)), p, t + h)
    mixed = each(i -> -5g1[i] + 3g2[i] + g3[i] / 2, Val(length(g1)))
    g4 = @inline f.diffusion(plus(quarter, shake(f, mixed, roots)), p, t + h / 4)
    slope = each(i -> (k1[i] + 2k2[i]) / 3, Val(N))
    n1 = each(j -> -dw[j] - twice[j] + 2area[j] - 2thrice[j], Val(D))
    n2 = each(j -> (4 * (dw[j] + twice[j] - area[j]) + 5thrice[j]) / 3, Val(D))
    n3 = each(j -> (2 * (dw[j] - area[j] - thrice[j]) - twice[j]) / 3, Val(D))
    total = plus(moved(u, h, slope), shake(f, g1, n1))
    return plus(plus(plus(total, shake(f, g2, n2)), shake(f, g3, n3)), shake(f, g4, thrice))
end

"Brownian increments and I_(1,0) / h, the mean over the step of the path since its start."
@inline function split_draws(::Val{D}, draws) where {D}
    dw = each(j -> draws[j], Val(D))
    return dw, each(j -> (draws[j] + draws[D + j] / sqrt(oftype(draws[1], 3))) / 2, Val(D))
end
