"""
    Run(model, series; training...)

A training run in memory: weights, optimiser and data, on one device.

`series` is `(channel, time, sample)`. The settings are those of `Training` of pysciml, with `seed`,
and `updates`, the count of updates that the schedules span.
"""
mutable struct Run{M<:LatentModel,L,V<:AbstractVector,A<:AbstractArray,S}
    const model::M
    const slots::L
    const series::A
    const settings::S
    const weights::V
    const average::V
    const first_moment::V
    const second_moment::V
    const gradient::V
    count::Int  # of the optimiser
    update::Int
    scale::Float64  # of the learning rate; halved when an epoch is tried again
    # Sums of the terms over the updates of an epoch that is not finished, and their count.
    partial::Vector{Float64}
    started::Any  # what `retry!` goes back to
end

const VECTORS = (:weights, :average, :first_moment, :second_moment)

function Run(model::LatentModel, series::AbstractArray; settings...)
    slots, count = layout(LuxCore.initialparameters(Xoshiro(0), model))
    vector() = fill!(similar(series, count), 0)
    return Run(
        model, slots, series, NamedTuple(settings), vector(), vector(), vector(), vector(), vector(),
        0, 0, 1.0, zeros(6), nothing,
    )
end

"The learning rate of an update: a linear warm-up, then half a cosine to a hundredth."
function learning_rate(settings, update)
    peak = settings.learning_rate
    warmup = min(settings.warmup, settings.updates ÷ 10)
    update < warmup && return peak / 50 + (peak - peak / 50) * update / warmup
    done = min((update - warmup) / max(settings.updates - warmup, 1), 1.0)
    return peak * (0.01 + 0.99 * (1 + cospi(done)) / 2)
end

"The weight of the KL divergence: rises over 90 % of every cycle (Fu et al. 2019)."
function kl_weight(settings, update)
    cycle = settings.updates / settings.kl_cycles
    return settings.kl * min(mod(update, cycle) / cycle / 0.9, 1.0)
end

# Sample, first step and sign of every crop of a batch.
function places(rng, run::Run)
    s = run.settings
    length = run.model.length + s.forecast_steps
    samples = rand(rng, axes(run.series, 3), s.batch)
    starts = rand(rng, 1:size(run.series, 2)-length+1, s.batch)
    signs = rand(rng, (-1, 1), s.batch)
    return samples, starts, s.flip ? signs : fill!(signs, 1)
end

"""
    crops(run, places)

Cut series `(channel, time, sample)` to a batch `(channel, batch, time)`.
"""
function crops(run::Run, (samples, starts, signs))
    length = run.model.length + run.settings.forecast_steps
    data = similar(run.series, size(run.series, 1), run.settings.batch, length)
    for (k, (sample, start, sign)) in enumerate(zip(samples, starts, signs))
        view(data, :, k, :) .= sign .* view(run.series, :, start:start+length-1, sample)
    end
    return data
end

# Data and random numbers of an update.
function batch_of(run::Run, update)
    s, rng = run.settings, stream(run.settings.seed, update)
    where_ = places(rng, run)
    data = crops(run, where_)
    draws = objective_draws(
        rng, run.model, data, s.batch, s.forecast_steps; s.stochastic, s.jitter
    )
    return data, draws, where_
end

"""
    step!(run)

Do one update: crops, gradient, AdamW, running mean of the weights. Gives the terms of the
objective, with a loss that is NaN where the gradient is not finite.
"""
function step!(run::Run)
    s = run.settings
    data, draws, _ = batch_of(run, run.update)
    fill!(run.gradient, 0)
    options = (; s.continuity, forecast=s.forecast_weight, kl=kl_weight(s, run.update))
    ps, gs = nested(run.weights, run.slots), nested(run.gradient, run.slots)
    terms = objective!(gs, run.model, ps, data, options, draws)
    size = norm(run.gradient)
    isfinite(size) || (terms = merge(terms, (; loss=oftype(terms.loss, NaN))))
    adamw!(run, size, learning_rate(s, run.update) * run.scale)
    # The mean forgets its start: early on it covers the updates so far.
    decay = eltype(run.average)(min(s.average, run.update / (run.update + 10)))
    run.average .= decay .* run.average .+ (1 - decay) .* run.weights
    run.update += 1
    return terms
end

# AdamW (Loshchilov & Hutter 2019) with a gradient that is shortened to the length `clip`.
function adamw!(run::Run, size, rate)
    T = eltype(run.weights)
    run.count += 1
    clip = size < run.settings.clip ? one(T) : T(run.settings.clip / size)
    slow, fast = T(1 - 0.9^run.count), T(1 - 0.999^run.count)
    decay, rate = T(run.settings.weight_decay), T(rate)
    g, mu, nu, w = run.gradient, run.first_moment, run.second_moment, run.weights
    mu .= T(0.9) .* mu .+ T(0.1) .* (clip .* g)
    nu .= T(0.999) .* nu .+ T(0.001) .* abs2.(clip .* g)
    w .-= rate .* (mu ./ slow ./ (sqrt.(nu ./ fast) .+ T(1e-8)) .+ decay .* w)
    return nothing
end

"""
    epoch!(run, count, stop)

Do the updates of an epoch that are left of its `count`, until its loss is not finite or `stop[1]` is not zero.
Gives the sums of the terms and the count of updates so far.
"""
function epoch!(run::Run, count, stop)
    run.started = snapshot(run)
    while run.partial[end] < count && stop[1] == 0
        terms = step!(run)
        run.partial .+= (values(terms)..., 1)
        isfinite(terms.loss) || break
    end
    return Tuple(run.partial)
end

snapshot(run::Run) =
    (;
        (name => copy(getfield(run, name)) for name in VECTORS)..., run.count, run.update, run.scale,
        partial=copy(run.partial),
    )

function go_back!(run::Run, scale)
    for name in VECTORS
        copyto!(getfield(run, name), run.started[name])
    end
    run.count, run.update = run.started.count, run.started.update
    run.scale = run.started.scale * scale
    copyto!(run.partial, run.started.partial)
    return nothing
end

"""
    retry!(run)

Go back to where the epoch was entered (its start, unless a run goes on within it), with half the
learning rate.
"""
retry!(run::Run) = go_back!(run, 0.5)

"""
    blame!(run, count)

Go back to the start of an epoch of `count` updates that failed, and find what is not finite in the
update that fails: sample, first step, step, and latent variable, counted from 0; or `nothing` where
the states are finite.
"""
function blame!(run::Run, count)
    go_back!(run, 1.0)
    good = snapshot(run)
    for _ in 1:count
        isfinite(step!(run).loss) || break
        good = snapshot(run)
    end
    run.started = good
    go_back!(run, 1.0)
    data, draws, (samples, starts, _) = batch_of(run, run.update)
    ps, m = nested(run.weights, run.slots), run.model
    posterior, _ = encode(m, ps, data[:, :, 1:m.length])
    first_states, params, _ = physical(m, ps, means(posterior))
    made, _ = unfold(m, ps, first_states, params, draws, size(data, 3) - m.length)
    bad = findfirst(!isfinite, permutedims(Array(made.states), (1, 3, 2)))
    bad === nothing && return nothing
    component, step, crop = Tuple(bad)
    return samples[crop] - 1, starts[crop] - 1, step - 1, component - 1
end

"""
    judge(run, crops)

NRMSE of reconstruction by the running mean of the weights, plus that of the forecast where there
is one, of crops `(channel, crop, time)`; and the standard deviations of the latent states.
"""
function judge(run::Run, data)
    m, ps = run.model, nested(run.average, run.slots)
    seen = data[:, :, 1:m.length]
    posterior, _ = encode(m, ps, seen)
    made, _ = decoded(m, ps, means(posterior), size(data, 3) - m.length)
    full, _ = carried(m, ps, made.data, seen[:, :, end])
    error = (full .- data) .^ 2
    score = nrmse(error, data, 1:m.length)
    size(data, 3) > m.length && (score += nrmse(error, data, m.length+1:size(data, 3)))
    return score, vec(std(made.states; dims=(2, 3), corrected=false)) .+ eltype(data)(1e-6)
end

nrmse(error, data, times) =
    mean(sqrt.(mean(error[:, :, times]; dims=(1, 3)))) / mean(abs, data[:, :, times])
