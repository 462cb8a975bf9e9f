# Taming: an explicit step that cannot run away, for drifts that grow faster than the state. The
# drift k is divided by (1 + q^4)^(1/4), q = h |k| / (1 + |u|^2)^(1/2), as on the jax engine.

squared(x) = sum(abs2, x)

# The factor of a drift, and its derivative by s = q^2; in forms that do not overflow. Rates that
# are not finite, or too large to be squared, stay as they are.
@inline function tame(s::T) where {T}
    s = ifelse(isfinite(s), s, zero(T))
    long = max(s, one(T))
    part = s / long / long
    factor = inv(sqrt(sqrt(1 + part * part)) * sqrt(long))
    return factor, -factor / 2 * ifelse(s > 1, inv(s + inv(s)), s / (1 + s * s))
end

struct Tamed{F,T}
    drift::F
    h::T
end

@inline function (f::Tamed)(u, p, t)
    rates = f.drift(u, p, t)
    factor, _ = tame(f.h * f.h * squared(rates) / (1 + squared(u)))
    return map(rate -> factor * rate, rates)
end

struct TamedVJP{F,V,T}
    drift::F
    vjp::V
    h::T
end

@inline function (f::TamedVJP)(u, p, t, w)
    rates = f.drift(u, p, t)
    large, size = squared(rates), 1 + squared(u)
    factor, slope = tame(f.h * f.h * large / size)
    # Of s = h^2 |k|^2 / (1 + |u|^2), whose cotangent is the slope times that of the factor.
    along = 2 * slope * f.h * f.h / size * sum(map(*, w, rates))
    gu, gp = f.vjp(u, p, t, map((a, k) -> factor * a + along * k, w, rates))
    return map((g, x) -> g - along * large / size * x, gu, Tuple(u)), gp
end

# The same in place, for systems of many states.
struct TamedInPlace{F,T}
    drift::F
    h::T
end

function (f::TamedInPlace)(du, u, p, t)
    f.drift(du, u, p, t)
    factor, _ = tame(f.h * f.h * squared(du) / (1 + squared(u)))
    du .*= factor
    return nothing
end

struct TamedVJPInPlace{F,V,T}
    drift::F
    vjp::V
    h::T
end

function (f::TamedVJPInPlace)(gu, gp, u, p, t, w)
    rates = similar(w)
    f.drift(rates, u, p, t)
    large, size = squared(rates), 1 + squared(u)
    factor, slope = tame(f.h * f.h * large / size)
    along = 2 * slope * f.h * f.h / size * sum(w .* rates)
    rates .= factor .* w .+ along .* rates
    f.vjp(gu, gp, u, p, t, rates)
    gu .-= along * large / size .* u
    return nothing
end

for kind in (:Tamed, :TamedInPlace)
    @eval PySciML.fresh(f::$kind) = $kind(PySciML.fresh(f.drift), f.h)
end
for kind in (:TamedVJP, :TamedVJPInPlace)
    @eval PySciML.fresh(f::$kind) = $kind(PySciML.fresh(f.drift), PySciML.fresh(f.vjp), f.h)
end

"""
    tamed(system, h)

The same system with its drift slowed down where a step of length `h` would move further than the
state is (after Hutzenthaler, Jentzen & Kloeden 2012). Small steps keep schemes of up to order 4
their order; see `taming.py` of the jax engine.
"""
function tamed(system::System{T}, h) where {T}
    there, out = system.drift.inplace, system.drift.values
    h = T(h)
    back = Adjoints.cotangents(there)
    inplace = (; value=TamedInPlace(there.value, h), vjp=TamedVJPInPlace(there.value, back, h))
    values = haskey(out, :vjp) ?
        (; value=Tamed(out.value, h), vjp=TamedVJP(out.value, out.vjp, h)) : (;)
    return with(system; drift=Field(inplace, values))
end

# A system with other parts.
function with(
    s::System{T}; params=s.params, drift=s.drift, diffusion=s.diffusion, noise=s.noise,
    calculus=s.calculus, sources=s.sources,
) where {T}
    return System{T,typeof(drift),typeof(diffusion),typeof(s.events)}(
        s.name, s.states, params, drift, diffusion, noise, calculus, sources, s.events
    )
end

quiet(s::System) = with(s; diffusion=nothing, noise=:none, sources=0)
