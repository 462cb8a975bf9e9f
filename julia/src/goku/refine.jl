# Semi-amortised inference: gradient steps on what was inferred of a sample, on its data alone; see
# `refine.py` of the jax engine.

const RATE = 0.05
const CONTINUITY = 10.0

"""
    refined(model, ps, codes, data, steps, scale)

Move codes towards what explains their own sample best, by `steps` of Adam. `scale` are the standard
deviations of the latent states.
"""
function refined(m::LatentModel, ps, codes, data, steps, scale)
    function gradient(codes)
        starts, params, back = physical(m, ps, codes)
        dstarts, dparams = misfit_back(m, ps, starts, params, data, scale, m.span)
        return back(dstarts, dparams, nothing)
    end
    return descend(gradient, codes, steps)
end

"""
    smoothed(model, ps, codes, data, steps, scale)

Move the state of every step, and the parameters, towards what explains the sample best. Gives states
`(d, batch, length - 1)`, from which windows of one step start, and parameters.
"""
function smoothed(m::LatentModel, ps, codes, data, steps, scale)
    path = first(decoded(m, ps, codes)).states
    free = (; state=path[:, :, 1:end-1] ./ scale, params=codes.params)
    function gradient(free)
        params, back = parameters(m, ps, free.params)
        dstarts, dparams = misfit_back(m, ps, scale .* free.state, params, data, scale, 2)
        return (;
            state=scale .* dstarts, params=params === nothing ? nothing : back(dparams, nothing)
        )
    end
    found = descend(gradient, free, steps)
    return scale .* found.state, first(parameters(m, ps, found.params))
end

# The gradient of the squared errors and the squared jumps, in units of the states' own spread.
function misfit_back(m, ps, starts, params, data, scale, span)
    made, back = unfold(m, ps, starts, params, nothing, 0; span)
    weight = eltype(data)(2 * CONTINUITY / (span - 1))
    jumps = weight .* (made.ends .- made.firsts) ./ scale .^ 2
    return back(2 .* (made.data .- data), jumps, -jumps, nothing)
end

# Adam whose rate falls along a cosine.
function descend(gradient, start, steps)
    found = map(x -> x === nothing ? nothing : copy(x), start)
    zeros_like(x) = x === nothing ? nothing : fill!(similar(x), 0)
    moments = map(zeros_like, found), map(zeros_like, found)
    for k in 1:steps
        rate = RATE * (0.98 * (1 + cospi((k - 1) / steps)) / 2 + 0.02)
        map((x, g, mu, nu) -> adam!(x, g, mu, nu, k, rate), found, gradient(found), moments...)
    end
    return found
end

adam!(::Nothing, g, mu, nu, k, rate) = nothing
function adam!(x::AbstractArray{T}, g, mu, nu, k, rate) where {T}
    mu .= T(0.9) .* mu .+ T(0.1) .* g
    nu .= T(0.999) .* nu .+ T(0.001) .* g .^ 2
    slow, fast = T(1 - 0.9^k), T(1 - 0.999^k)
    x .-= T(rate) .* (mu ./ slow) ./ (sqrt.(nu ./ fast) .+ T(1e-8))
    return nothing
end
