"""
    objective!(gs, model, ps, data, options, draws) -> terms

The objective of a batch `(channel, batch, length + future)`, of which the model sees the first
`length` steps; its gradient is added to `gs` unless that is `nothing`.

Squared errors are divided by the mean absolute value of the batch; the KL divergence is counted
per observed number. `options` has `continuity`, `forecast` and `kl`, the weights of these terms;
`draws` has `early` and `late`, the increments of the core, `state` and `params`, standard normal
numbers for the codes of a variational model, and `jitter`, what is added to what the encoder sees;
each may be `nothing`. The terms are loss, reconstruction, continuity, kl and forecast.
"""
function objective!(gs, m::LatentModel, ps, data, options, draws)
    T = eltype(data)
    seen = data[:, :, 1:m.length]
    horizon = size(data, 3) - m.length
    shaken = draws.jitter === nothing ? seen : seen .+ draws.jitter
    posterior, back_encode = encode(m, ps, shaken)
    codes, back_draw = m.variational ? drawn(posterior, draws) : (means(posterior), only_means)
    starts, params, back_physical = physical(m, ps, codes)
    made, back_unfold = unfold(m, ps, starts, params, draws, horizon)
    full, back_carried = carried(m, ps, made.data, seen[:, :, end])

    scale = mean(abs, seen)
    error = full .- data
    past, future = view(error, :, :, 1:m.length), view(error, :, :, m.length+1:size(error, 3))
    jumps = made.ends .- made.firsts
    reconstruction = sum(abs2, past) / (length(past) * scale)
    continuity = isempty(jumps) ? zero(T) : sum(abs2, jumps) / length(jumps)
    forecast = horizon == 0 ? zero(T) : sum(abs2, future) / (length(future) * scale)
    numbers = m.length * m.channels
    kl = divergence(posterior) / numbers
    loss = reconstruction + T(options.continuity) * continuity + T(options.forecast) * forecast
    m.variational && (loss += T(options.kl) * kl)
    loss += noise_likelihood!(gs, m, ps, jumps, params)
    terms = (; loss, reconstruction, continuity, kl, forecast)
    gs === nothing && return terms

    past .*= 2 / (length(past) * scale)
    horizon == 0 || (future .*= 2 * T(options.forecast) / (length(future) * scale))
    jumps .*= isempty(jumps) ? one(T) : 2 * T(options.continuity) / length(jumps)
    ddata = back_carried(error, gs)
    dcodes = back_physical(back_unfold(ddata, jumps, -jumps, gs)..., gs)
    dposterior = back_draw(dcodes)
    if m.variational
        dposterior = add_divergence(dposterior, posterior, T(options.kl) / numbers)
    end
    back_encode(dposterior, gs)
    return terms
end

only_means(dcodes) = (
    (dcodes.state, nothing), dcodes.params === nothing ? nothing : (dcodes.params, nothing)
)

# Codes drawn from their posterior (reparametrised).
function drawn(posterior, draws)
    state, back_state = drawn(posterior.state, draws.state)
    params, back_params = posterior.params === nothing ? (nothing, nothing) :
        drawn(posterior.params, draws.params)
    back(d) = (back_state(d.state), params === nothing ? nothing : back_params(d.params))
    return (; state, params), back
end

function drawn((middle, width)::Tuple, normal)
    spread = exp.(width ./ 2) .* normal
    return middle .+ spread, d -> (d, d .* spread ./ 2)
end

"""
    divergence(posterior)

KL divergence of the codes from N(0, 1), per sample. The code of the parameters counts once; those
of the windows count by their mean.
"""
divergence(posterior) =
    divergence(posterior.state...) +
    (posterior.params === nothing ? 0 : divergence(posterior.params...))

divergence(middle, width) =
    sum(exp.(width) .+ middle .^ 2 .- width .- 1) / 2 / (length(middle) ÷ size(middle, 1))

function add_divergence((dstate, dparams), posterior, weight)
    add((dmiddle, dwidth), (middle, width)) = begin
        share = weight / (length(middle) ÷ size(middle, 1))
        (dmiddle .+ share .* middle, dwidth .+ share ./ 2 .* (exp.(width) .- 1))
    end
    return add(dstate, posterior.state),
    dparams === nothing ? nothing : add(dparams, posterior.params)
end

# Fit learned noise to the jumps at the joints, and nothing else to the noise: a Gaussian likelihood
# whose gradient goes to the factors of the noise alone.
function noise_likelihood!(gs, m::LatentModel, ps, jumps, params)
    c, T = m.core, eltype(jumps)
    c isa ModelCore && c.learned && !isempty(jumps) || return zero(T)
    scale = jump_scale(c, ps.core, params, m.span - 1)
    scale === nothing && return zero(T)
    count = length(jumps)
    square = (jumps ./ scale) .^ 2
    if gs !== nothing
        gs.core.log_noise .+= vec(sum(1 .- square; dims=(2, 3))) ./ count
    end
    return sum(square ./ 2 .+ log.(scale)) / count
end
