# What Python calls: plain arguments, and arrays that Python made.

const TYPES = Dict("float32" => Float32, "float64" => Float64)

# A copy of an array of Python, which arrives with its axes turned round.
taken(::Type{T}, array) where {T} = Array{T}(PySciML.plain(array))

"""
    latent_model(system; dtype, dt, infer, defaults, scheme, substeps, learned, core, ...)

A [`LatentModel`](@ref) from plain settings; `core` is `"model"`, `"neural_ode"` or `"lstm"`, and
`system` is `nothing` for the last two.
"""
function latent_model(
    system; dtype="float32", core, dt=1.0, infer=Int[], defaults=Float64[], scheme="Heun", substeps=1,
    learned=false, bounds=zeros(2, 0), settings...,
)
    T = TYPES[dtype]
    made = if core == "model"
        ModelCore(system, dt; infer, defaults, scheme, substeps, learned)
    elseif core == "neural_ode"
        NeuralODE(settings[:state], settings[:hidden])
    else
        LSTMCore(settings[:state])
    end
    return LatentModel(; core=made, bounds=taken(T, bounds), settings...)
end

"The names and sizes of the parameters, one a line, in the order of the vector of all."
function parameter_table(m::LatentModel)
    slots, _ = layout(LuxCore.initialparameters(Xoshiro(0), m))
    lines = ["$name $(join(size, ' '))" for (name, size) in parameter_names(slots)]
    return join(strip.(lines), '\n')
end

"""
    loss_and_gradient!(gradient, model, weights, data; continuity, forecast, kl, draws...)

Write the gradient of [`objective!`](@ref) by the vector of all weights; give the terms.
"""
function loss_and_gradient!(
    gradient, m::LatentModel, weights, data; continuity, forecast, kl, early=nothing, late=nothing,
    state=nothing, params=nothing, jitter=nothing,
)
    T = eltype(weights)
    flat, slots = taken(T, weights), first(layout(LuxCore.initialparameters(Xoshiro(0), m)))
    own = zeros(T, length(flat))
    given(x) = x === nothing ? nothing : taken(T, x)
    draws = map(given, (; early, late, state, params, jitter))
    terms = objective!(
        nested(own, slots), m, nested(flat, slots), taken(T, data), (; continuity, forecast, kl),
        draws,
    )
    copyto!(PySciML.plain(gradient), own)
    return Tuple(terms)
end

training_run(m::LatentModel, series; settings...) = Run(m, taken(Float32, series); settings...)

"Put a vector of numbers into a run, or read it: `weights`, `average`, or a moment of Adam."
set_vector!(run::Run, name, values) = (copyto!(getfield(run, Symbol(name)), PySciML.plain(values)); nothing)
get_vector!(values, run::Run, name) = (copyto!(PySciML.plain(values), getfield(run, Symbol(name))); nothing)

function set_counts!(run::Run, count, update, scale, partial)
    run.count, run.update, run.scale = count, update, scale
    copyto!(run.partial, PySciML.plain(partial))
    return nothing
end
function get_counts(run::Run)
    rate = learning_rate(run.settings, run.update - 1) * run.scale
    return (run.count, run.update, run.scale, rate, run.partial...)
end

function judge!(scale, run::Run, crops)
    score, spread = judge(run, taken(Float32, crops))
    copyto!(PySciML.plain(scale), spread)
    return score
end

"""
    infer!(data, states, params, model, weights, seen; steps, refine, scale, paths, seed, block)

Do [`infer`](@ref) in blocks of samples, and write what it gives.
"""
function infer!(
    data, states, params, m::LatentModel, weights, seen; steps, refine, scale, paths, seed, block,
)
    T = eltype(weights)
    ps = nested(taken(T, weights), first(layout(LuxCore.initialparameters(Xoshiro(0), m))))
    seen, scale = taken(T, seen), taken(T, scale)
    data, states, params = map(PySciML.plain, (data, states, params))
    for (index, at) in enumerate(Iterators.partition(axes(seen, 3), block))
        made, moved, inferred = infer(
            m, ps, permutedims(seen[:, :, at], (1, 3, 2));
            steps, refine, scale, paths, rng=stream(seed, index),
        )
        view(data, :, :, at, :) .= permutedims(made, (1, 3, 2, 4))
        view(states, :, :, at, :) .= permutedims(moved, (1, 3, 2, 4))
        inferred === nothing || (view(params, :, at) .= inferred)
    end
    return nothing
end

"The count of inferred parameters."
inferred_count(m::LatentModel) = size(m.bounds, 2)
