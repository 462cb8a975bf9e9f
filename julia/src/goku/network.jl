"""
    LatentModel(; core, encoder, channels, length, span, hidden, features, recurrent,
                  latent_state, latent_params, state, bounds, variational, carry)

GOKU-UI or one of its relatives: features, codes of initial states and parameters, core, readout.

`span` is the count of steps of a window, `bounds` the matrix `(2, m)` of the bounds of the inferred
parameters; the rest is as in `Architecture` of pysciml.
"""
struct LatentModel{F,S,P,Q,B} <: AbstractLuxLayer
    features::F
    state_encoder::S
    state_head::Gaussian
    params_encoder::P
    to_state::TwoLayer
    to_params::Q
    core::Core
    readout::F
    bounds::B
    channels::Int
    length::Int
    span::Int
    variational::Bool
    carry::Bool
end

function LatentModel(;
    core, encoder, channels, length, span, hidden, features, recurrent, latent_state, latent_params,
    state, bounds, variational, carry,
)
    attends = Symbol(encoder) === :attention
    infers = !isempty(bounds)
    return LatentModel(
        ResidualMLP(channels, hidden, features),
        attends ? LSTM(features, recurrent) : RNN(features, recurrent),
        Gaussian(recurrent, latent_state),
        infers ? ParameterEncoder(features, recurrent, latent_params, attends) : nothing,
        TwoLayer(latent_state, hidden, state),
        infers ? TwoLayer(latent_params, hidden, size(bounds, 2)) : nothing,
        core,
        ResidualMLP(state, hidden, channels),
        bounds, channels, length, span, variational, carry,
    )
end

function LuxCore.initialparameters(rng::AbstractRNG, m::LatentModel)
    names = (
        :features, :state_encoder, :state_head, :params_encoder, :to_state, :to_params, :core,
        :readout,
    )
    made = NamedTuple(
        name => LuxCore.initialparameters(rng, getfield(m, name)) for
        name in names if getfield(m, name) !== nothing
    )
    return m.carry ? (; made..., carry=zeros(Float32, m.channels)) : made
end

windows(m::LatentModel) = (m.length - 1) ÷ (m.span - 1)

"""
    encode(model, ps, data) -> posterior, back

Infer the codes of data `(channel, batch, length)`. The posterior has `state`, mean and log-variance
of the code of every window `(latent, batch, window)`, and `params`, likewise `(latent, batch)`, or
`nothing`. `back(dposterior, gs)` adds the gradient of the weights.
"""
function encode(m::LatentModel, ps, data)
    features, back_features = pullback(m.features, ps.features, data)
    pieces, back_cut = cut(features, m.span)
    f, batch, n, w = size(pieces)
    read, back_read = last_of(
        m.state_encoder, ps.state_encoder, backwards(reshape(pieces, f, batch * n, w))
    )
    (middle, width), back_head = pullback(m.state_head, ps.state_head, read)
    state = (reshape(middle, :, batch, n), reshape(width, :, batch, n))
    params, back_params = encode_params(m.params_encoder, ps, features)
    function back((dstate, dparams), gs)
        dread = back_head(map(d -> d === nothing ? d : columns(d), dstate), part(gs, :state_head))
        dflat = backwards(back_read(dread, part(gs, :state_encoder)))
        dfeatures = back_cut(reshape(dflat, size(pieces)))
        dparams === nothing || (dfeatures .+= back_params(dparams, part(gs, :params_encoder)))
        back_features(dfeatures, part(gs, :features); input=false)
        return nothing
    end
    return (; state, params), back
end

encode_params(::Nothing, ps, features) = nothing, nothing
encode_params(l, ps, features) = pullback(l, ps.params_encoder, features)

"""
    physical(model, ps, codes) -> starts, params, back

Map codes to initial states `(d, batch, window)` and parameters `(m, batch)` within their bounds.
"""
function physical(m::LatentModel, ps, codes)
    starts, back_state = pullback(m.to_state, ps.to_state, codes.state)
    params, back_params = parameters(m, ps, codes.params)
    function back(dstarts, dparams, gs)
        state = back_state(dstarts, part(gs, :to_state))
        return (; state, params=params === nothing ? nothing : back_params(dparams, gs))
    end
    return starts, params, back
end

parameters(m::LatentModel{F,S,Nothing}, ps, code) where {F,S} = nothing, nothing
function parameters(m::LatentModel, ps, code)
    logits, back_logits = pullback(m.to_params, ps.to_params, code)
    low, width = m.bounds[1, :], m.bounds[2, :] .- m.bounds[1, :]
    share = sigmoid.(logits)
    back(dparams, gs) =
        back_logits(dparams .* width .* share .* (1 .- share), part(gs, :to_params))
    return low .+ width .* share, back
end

"""
    unfold(model, ps, starts, params, draws, horizon; span) -> decoded, back

Solve from initial states `(d, batch, window)`, `span` save points each, and read out; only the last
window runs on into the future. `draws` are the increments of the windows that end at a joint, and
of the last one where it runs on. What is decoded has `data`, `states`, and `ends` and `firsts`, the
states that meet at the joints.
"""
function unfold(m::LatentModel, ps, starts, params, draws, horizon; span=m.span)
    d, batch, n = size(starts)
    joined = horizon == 0 ? n : n - 1
    core = part_or_empty(ps, :core)
    states = similar(starts, d, batch, n * (span - 1) + 1 + horizon)
    ends = similar(starts, d, batch, n - 1)
    early = late = nothing
    size_early = (d, batch, joined, span)
    if joined > 0
        flat = reshape(starts[:, :, 1:joined], d, :)
        tiled = params === nothing ? nothing : repeat(params, 1, joined)
        paths, early = path(m.core, core, flat, tiled, span, part(draws, :early))
        pieces = reshape(paths, size_early)
        join!(states, pieces)
        ends .= view(pieces, :, :, 1:n-1, span)
    end
    tail = (n-1)*(span-1)+1:size(states, 3)
    if horizon > 0
        last_, late = path(m.core, core, starts[:, :, n], params, span + horizon, part(draws, :late))
        view(states, :, :, tail) .= last_
    end
    data, back_readout = pullback(m.readout, ps.readout, states)
    function back(ddata, dends, dfirsts, gs)
        dstates = back_readout(ddata, part(gs, :readout))
        return back_states(dstates, dends, dfirsts, gs)
    end
    function back_states(dstates, dends, dfirsts, gs)
        gcore = gs === nothing ? nothing : part_or_empty(gs, :core)
        dstarts = fill!(similar(starts), 0)
        dparams = params === nothing ? nothing : fill!(similar(params), 0)
        if early !== nothing
            dpieces = fill!(similar(starts, size_early), 0)
            join_back!(dpieces, dstates)
            horizon > 0 && (view(dpieces, :, :, joined, span) .= 0)  # taken from the last window
            view(dpieces, :, :, 1:n-1, span) .+= dends
            du, dp = early(reshape(dpieces, d, :, span), gcore)
            view(dstarts, :, :, 1:joined) .= reshape(du, d, batch, joined)
            dp === nothing ||
                (dparams .+= dropdims(sum(reshape(dp, :, batch, joined); dims=3); dims=3))
        end
        if late !== nothing
            du, dp = late(dstates[:, :, tail], gcore)
            slice(dstarts, n) .+= du
            dp === nothing || (dparams .+= dp)
        end
        view(dstarts, :, :, 2:n) .+= dfirsts
        return dstarts, dparams
    end
    return (; data, states, ends, firsts=starts[:, :, 2:n]), back
end

part_or_empty(ps, name) = haskey(ps, name) ? getproperty(ps, name) : (;)

"""
    carried(model, ps, data, seen) -> data, back

Carry what was left of the last observed step `(channel, batch)` into the forecast.
"""
function carried(m::LatentModel, ps, data, seen)
    ahead = size(data, 3) - m.length
    m.carry && ahead > 0 || return data, (d, gs) -> d
    factor = sigmoid.(ps.carry)
    rest = seen .- slice(data, m.length)
    made = copy(data)
    for k in 1:ahead
        slice(made, m.length + k) .+= factor .^ k .* rest
    end
    function back(d, gs)
        dx = copy(d)
        for k in 1:ahead
            now = slice(d, m.length + k)
            slice(dx, m.length) .-= factor .^ k .* now
            gs === nothing ||
                (gs.carry .+= vec(sum(rest .* now; dims=2)) .* k .* factor .^ k .* (1 .- factor))
        end
        return dx
    end
    return made, back
end

# Solve from codes, without noise.
function decoded(m::LatentModel, ps, codes, horizon=0)
    starts, params, _ = physical(m, ps, codes)
    made, _ = unfold(m, ps, starts, params, nothing, horizon)
    return made, params
end

means(posterior) =
    (; state=posterior.state[1], params=posterior.params === nothing ? nothing : posterior.params[1])
