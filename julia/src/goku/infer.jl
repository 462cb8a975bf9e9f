"""
    infer(model, ps, data; steps, refine, scale, paths, rng)

Infer codes of data `(channel, batch, length)`, refine them, decode them and go on for `steps`.

Gives data `(channel, batch, time, path)`, states `(d, batch, time, path)` and parameters
`(m, batch)` or `nothing`. With `paths`, so many paths of the noise are drawn from `rng`; where that
is `nothing` there is one, without noise.
"""
function infer(m::LatentModel, ps, data; steps, refine, scale, paths=nothing, rng=nothing)
    codes = means(first(encode(m, ps, data)))
    refine > 0 && (codes = refined(m, ps, codes, data, refine, scale))
    starts, params, _ = physical(m, ps, codes)
    span = m.span
    if refine > 0 && steps > 0 && m.core isa ModelCore
        starts, params = smoothed(m, ps, codes, data, refine, scale)
        span = 2
    end
    made = map(1:something(paths, 1)) do _
        draws = paths === nothing ? nothing :
            core_draws(rng, m, data, size(data, 2), steps; span, count=size(starts, 3))
        one_, _ = unfold(m, ps, starts, params, draws, steps; span)
        first(carried(m, ps, one_.data, data[:, :, end])), one_.states
    end
    return stack(map(first, made)), stack(map(last, made)), params
end
