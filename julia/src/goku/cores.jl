# Cores: what moves the latent state between the encoder and the readout. A path from states
# (d, lanes) is (d, lanes, steps).

abstract type Core <: AbstractLuxLayer end

"""
    path(core, ps, starts, params, steps, draws) -> states, back

Move states `(d, lanes)` over `steps` save points. `params` are the inferred parameters
`(m, lanes)`, `draws` the Brownian increments `(lanes, d, steps of the solver)`; either may be
`nothing`. `back(dstates, gs)` gives the cotangents of `starts` and `params`.
"""
function path end

"""
    ModelCore(system, dt; infer, defaults, scheme, substeps, learned)

Known equations: a translated system whose parameters at the places `infer` are inferred for every
sample, while the others have their `defaults`. With `learned`, its noise has trainable factors.
"""
struct ModelCore{I,V} <: Core
    # Of types of their own for every model, not to be compiled into the rest: with its noise, and
    # without.
    system::System
    quiet::System
    states::Int
    infer::I
    defaults::V
    scheme::Symbol
    substeps::Int
    dt::Float64
    learned::Bool
end

function ModelCore(system::System{T}, dt; infer, defaults, scheme, substeps, learned) where {T}
    system.noise in (:none, :diagonal) || throw(
        ArgumentError(
            "The noise of $(system.name) is $(system.noise), but a latent model takes noise that " *
            "is diagonal, with a Wiener process for every state; use noise=\"off\".",
        ),
    )
    # The noise of a core is additive, the same in both senses, or meant in that of its scheme.
    calculus = Symbol(scheme) in (:Euler, :EulerMaruyama) ? :ito : :stratonovich
    moved = with(tamed(system, dt / substeps); calculus)
    learned && (moved = scaled(moved))
    return ModelCore(
        moved, quiet(moved), system.states, Vector{Int}(infer), Vector{T}(defaults),
        Symbol(scheme), substeps, Float64(dt), learned,
    )
end

LuxCore.initialparameters(rng::AbstractRNG, c::ModelCore) =
    c.learned ? (; log_noise=zeros(Float32, c.states)) : (;)

function path(c::ModelCore, ps, starts, params, steps, draws)
    u, p = permutedims(starts), lanes_of(c, ps, params, size(starts, 2), starts)
    times = c.dt .* (0:steps-1)
    system = draws === nothing ? c.quiet : c.system
    states, pull = swept(system, u, p, times, c.substeps, draws, c.scheme)
    states = states::typeof(similar(u, 0, 0, 0))
    function back(dstates, gs)
        du, dp = pull(permutedims(dstates, (2, 1, 3)))::Tuple{typeof(u),typeof(p)}
        noise_back!(c, ps, dp, gs)
        return permutedims(du), params === nothing ? nothing : permutedims(dp[:, c.infer])
    end
    return permutedims(states, (2, 1, 3)), back
end

swept(system, u::Array, p, times, substeps, draws, scheme) =
    Adjoints.solve_with_pullback(system, u, p, times, substeps, draws; scheme)

# All parameters of the system, for every lane: (lanes, params).
function lanes_of(c::ModelCore, ps, params, lanes, like)
    count = length(c.defaults)
    p = similar(like, lanes, c.learned ? count + c.states : count)
    view(p, :, 1:count) .= permutedims(c.defaults)
    params === nothing || (view(p, :, c.infer) .= permutedims(params))
    c.learned && (view(p, :, count+1:count+c.states) .= exp.(permutedims(ps.log_noise)))
    return p
end

function noise_back!(c::ModelCore, ps, dp, gs)
    c.learned && gs !== nothing || return nothing
    own = length(c.defaults)+1:length(c.defaults)+c.states
    gs.log_noise .+= vec(sum(view(dp, :, own); dims=1)) .* exp.(ps.log_noise)
    return nothing
end

"""
    jump_scale(core, ps, params, steps)

The standard deviation that the noise alone lends the state in some steps of the data, `(d, batch)`,
taken at the origin; `nothing` for a model without noise.
"""
function jump_scale(c::ModelCore, ps, params, steps)
    c.system.diffusion === nothing && return nothing
    lanes = params === nothing ? 1 : size(params, 2)
    p = Array(lanes_of(c, ps, params, lanes, ps.log_noise))
    zero_, amplitude = zeros(eltype(p), c.states), zeros(eltype(p), c.states, lanes)
    for lane in 1:lanes
        c.system.diffusion.inplace.value(view(amplitude, :, lane), zero_, p[lane, :], zero(eltype(p)))
    end
    amplitude .*= sqrt(eltype(p)(steps * c.dt))
    return copyto!(similar(ps.log_noise, size(amplitude)), amplitude)
end

# Noise with factors that come after the parameters.
struct Scaled{P,D,F}
    f::F
end
Scaled{P,D}(f) where {P,D} = Scaled{P,D,typeof(f)}(f)
@inline own(p, ::Val{P}) where {P} = ntuple(i -> p[i], Val(P))

@inline function (s::Scaled{P,D})(u, p, t) where {P,D}
    g = s.f(u, own(p, Val(P)), t)
    return ntuple(i -> g[i] * p[P+i], Val(D))
end

struct ScaledVJP{P,D,F,V}
    f::F
    vjp::V
end
ScaledVJP{P,D}(f, vjp) where {P,D} = ScaledVJP{P,D,typeof(f),typeof(vjp)}(f, vjp)

@inline function (s::ScaledVJP{P,D})(u, p, t, w) where {P,D}
    g = s.f(u, own(p, Val(P)), t)
    gu, gp = s.vjp(u, own(p, Val(P)), t, ntuple(i -> w[i] * p[P+i], Val(D)))
    return gu, (gp..., ntuple(i -> w[i] * g[i], Val(D))...)
end

# A drift that does not look at them.
struct Unscaled{P,D,F}
    f::F
end
Unscaled{P,D}(f) where {P,D} = Unscaled{P,D,typeof(f)}(f)
@inline (s::Unscaled{P})(u, p, t) where {P} = s.f(u, own(p, Val(P)), t)
@inline function (s::Unscaled{P,D})(u, p, t, w) where {P,D}
    gu, gp = s.f(u, own(p, Val(P)), t, w)
    return gu, (gp..., ntuple(i -> zero(gp[1]), Val(D))...)
end

# In place, for systems of many states.
struct ScaledInPlace{F}
    f::F
    params::Int
    kind::Symbol  # :drift, :noise
end
function (s::ScaledInPlace)(du, u, p, t)
    s.f(du, u, view(p, 1:s.params), t)
    s.kind === :noise && (du .*= view(p, s.params+1:length(p)))
    return nothing
end

struct ScaledVJPInPlace{F,V}
    f::F
    vjp::V
    params::Int
    kind::Symbol
end
function (s::ScaledVJPInPlace)(gu, gp, u, p, t, w)
    own, rest = view(p, 1:s.params), s.params+1:length(p)
    if s.kind === :noise
        g = similar(w)
        s.f(g, u, own, t)
        s.vjp(gu, view(gp, 1:s.params), u, own, t, w .* view(p, rest))
        view(gp, rest) .= w .* g
    else
        s.vjp(gu, view(gp, 1:s.params), u, own, t, w)
        view(gp, rest) .= 0
    end
    return nothing
end

"""
    scaled(system)

The same system with a factor for the noise of every state, given after its parameters.
"""
function scaled(system::System)
    P, D = system.params, system.states
    drift, noise = system.drift, system.diffusion
    small = haskey(drift.values, :vjp) && haskey(noise.values, :vjp)
    inplace(field, kind) = (;
        value=ScaledInPlace(field.inplace.value, P, kind),
        vjp=ScaledVJPInPlace(
            field.inplace.value, Adjoints.cotangents(field.inplace), P, kind
        ),
    )
    moved = small ?
        (; value=Unscaled{P,D}(drift.values.value), vjp=Unscaled{P,D}(drift.values.vjp)) : (;)
    shaken = small ?
        (;
            value=Scaled{P,D}(noise.values.value),
            vjp=ScaledVJP{P,D}(noise.values.value, noise.values.vjp),
        ) : (;)
    return with(
        system;
        params=P + D,
        drift=Field(inplace(drift, :drift), moved),
        diffusion=Field(inplace(noise, :noise), shaken),
    )
end

"""
    NeuralODE(state, hidden)

A network as vector field (Chen et al. 2018), in units of the data's time step; steps of Heun.
"""
struct NeuralODE{L} <: Core
    layers::L
end

NeuralODE(state::Integer, hidden) = NeuralODE(
    numbered((Dense(state, hidden), Dense(hidden, hidden), Dense(hidden, state)))
)

LuxCore.initialparameters(rng::AbstractRNG, c::NeuralODE) =
    (; layers=LuxCore.initialparameters(rng, c.layers))

function rate(c::NeuralODE, ps, y)
    one_, two, three = values(c.layers)
    z1, back1 = pullback(one_, ps.layers[1], y)
    h1, slope1 = mish(z1)
    z2, back2 = pullback(two, ps.layers[2], h1)
    h2, slope2 = mish(z2)
    out, back3 = pullback(three, ps.layers[3], h2)
    out .*= eltype(out)(0.1)
    function back(d, gs)
        gs = gs === nothing ? (nothing, nothing, nothing) : values(gs.layers)
        d = back3(eltype(d)(0.1) .* d, gs[3])
        d .*= slope2
        d = back2(d, gs[2])
        d .*= slope1
        return back1(d, gs[1])
    end
    return out, back
end

function heun(c::NeuralODE, ps, y)
    k1, back1 = rate(c, ps, y)
    k2, back2 = rate(c, ps, y .+ k1)
    function back(d, gs)
        half = d ./ 2
        middle = back2(half, gs)
        return d .+ middle .+ back1(half .+ middle, gs)
    end
    return y .+ (k1 .+ k2) ./ 2, back
end

path(c::NeuralODE, ps, starts, params, steps, draws) =
    marched(y -> heun(c, ps, y), starts, steps)

# Steps of one kind after each other, and their cotangents back.
function marched(step, starts, steps)
    states = similar(starts, size(starts)..., steps)
    slice(states, 1) .= starts
    y, backs = starts, Any[]
    for k in 2:steps
        y, back_step = step(y)
        push!(backs, back_step)
        slice(states, k) .= y
    end
    function back(dstates, gs)
        d = dstates[:, :, steps]
        for k in steps-1:-1:1
            d = backs[k](d, gs)::typeof(d)
            d .+= slice(dstates, k)
        end
        return d, nothing
    end
    return states, back
end

"""
    LSTMCore(state)

A recurrence fed its own output; the first output is the latent state itself.
"""
struct LSTMCore <: Core
    cell::LSTM
end

LSTMCore(state::Integer) = LSTMCore(LSTM(state, state))
LuxCore.initialparameters(rng::AbstractRNG, c::LSTMCore) =
    (; cell=LuxCore.initialparameters(rng, c.cell))

function path(c::LSTMCore, ps, starts, params, steps, draws)
    s, lanes = size(starts)
    own = ps.cell
    outputs, cell = similar(starts, s, lanes, steps), similar(starts, s, lanes, steps)
    gates = similar(starts, 4s, lanes, steps - 1)
    slice(outputs, 1) .= starts
    slice(cell, 1) .= 0
    hidden(k) = k == 1 ? slice(cell, 1) : slice(outputs, k)  # zeros at the start
    for k in 1:steps-1
        now = slice(gates, k)
        mul!(now, own.input, slice(outputs, k))
        mul!(now, own.recurrent, hidden(k), true, true)
        now .+= own.bias
        gate!(now, slice(cell, k), slice(cell, k + 1), slice(outputs, k + 1))
    end
    function back(dstates, gs)
        dgates = similar(gates)
        dh, dc = fill!(similar(starts), 0), fill!(similar(starts), 0)
        d = dstates[:, :, steps]
        for k in steps-1:-1:1
            now = slice(dgates, k)
            gate_back!(now, slice(gates, k), slice(cell, k), slice(cell, k + 1), d, dc)
            mul!(dh, own.input', now)
            k > 1 && mul!(dh, own.recurrent', now, true, true)
            d = dh .+ slice(dstates, k)
        end
        if gs !== nothing
            flat, g = columns(dgates), gs.cell
            mul!(g.input, flat, columns(view(outputs, :, :, 1:steps-1))', true, true)
            rest = view(dgates, :, :, 2:steps-1)
            mul!(g.recurrent, columns(rest), columns(view(outputs, :, :, 2:steps-1))', true, true)
            g.bias .+= vec(sum(flat; dims=2))
        end
        return d, nothing
    end
    return outputs, back
end

"""
    moved(core, ps, starts, params, steps, draws)

The value of [`path`](@ref).
"""
moved(core::Core, ps, starts, params, steps, draws) =
    first(path(core, ps, starts, params, steps, draws))
