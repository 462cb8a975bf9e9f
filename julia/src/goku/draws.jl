# Random numbers, drawn on the host from a stream that a seed and the number of an update decide:
# a run that is resumed goes on with the same ones.

stream(seed::Integer, number::Integer) = Xoshiro(
    UInt32[seed % UInt32, (seed >> 32) % UInt32, number % UInt32, (number >> 32) % UInt32]
)

# An array of the kind of `like`, on its device.
on_device(like::Array, array::Array) = array
on_device(like, array::Array) = copyto!(similar(like, eltype(array), size(array)), array)

"""
    to_device(like, model)

The model with the arrays that it holds beside its parameters on the device of `like`.
"""
to_device(like, m::LatentModel) = LatentModel(
    (
        name === :core ? to_device(like, m.core) :
        name === :bounds ? on_device(like, m.bounds) : getfield(m, name) for
        name in fieldnames(LatentModel)
    )...,
)
to_device(like, c::Core) = c
to_device(like, c::ModelCore) = ModelCore(
    (
        name in (:infer, :defaults) ? on_device(like, getfield(c, name)) : getfield(c, name) for
        name in fieldnames(ModelCore)
    )...,
)

normal(rng, like::AbstractArray{T}, size...) where {T} = on_device(like, randn(rng, T, size...))

is_stochastic(c::Core) = c isa ModelCore && c.system.diffusion !== nothing

"""
    core_draws(rng, model, like, batch, horizon; span)

Brownian increments for [`unfold`](@ref); `nothing` for a core without noise.
"""
function core_draws(rng, m::LatentModel, like, batch, horizon; span=m.span, count=windows(m))
    c = m.core
    is_stochastic(c) || return nothing
    scale = eltype(like)(sqrt(c.dt / c.substeps))
    draw(lanes, steps) = scale .* normal(rng, like, lanes, c.states, (steps - 1) * c.substeps)
    joined = horizon == 0 ? count : count - 1
    return (;
        early=joined == 0 ? nothing : draw(batch * joined, span),
        late=horizon == 0 ? nothing : draw(batch, span + horizon),
    )
end

"""
    objective_draws(rng, model, like, batch, horizon; stochastic, jitter)

All random numbers of [`objective!`](@ref).
"""
function objective_draws(rng, m::LatentModel, like, batch, horizon; stochastic, jitter)
    core = stochastic ? core_draws(rng, m, like, batch, horizon) : nothing
    core === nothing && (core = (; early=nothing, late=nothing))
    code(head, count...) = normal(rng, like, head.mean.outputs, count...)
    state = m.variational ? code(m.state_head, batch, windows(m)) : nothing
    params = m.variational && m.params_encoder !== nothing ?
        code(m.params_encoder.head, batch) : nothing
    shake = jitter > 0 ?
        eltype(like)(jitter) .* normal(rng, like, m.channels, batch, m.length) : nothing
    return (; core..., state, params, jitter=shake)
end
