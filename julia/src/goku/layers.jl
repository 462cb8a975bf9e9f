# Layers over arrays (feature, ...). Weights are (out, in), as in the layout of checkpoints.

"""
    pullback(layer, ps, x) -> y, back

Apply a layer with parameters `ps`. `back(dy, gs)` takes the cotangent of `y` back to that of `x`,
and adds the gradient of the parameters to `gs`, which has the form of `ps` or is `nothing`.
"""
function pullback end

"""
    apply(layer, ps, x)

Apply a layer: the value of [`pullback`](@ref).
"""
apply(layer, ps, x) = first(pullback(layer, ps, x))

columns(x) = reshape(x, size(x, 1), :)
rows_like(y, x) = reshape(y, size(y, 1), Base.tail(size(x))...)

# From U(-1/sqrt(fan_in), 1/sqrt(fan_in)).
function uniform(rng, outputs, inputs)
    bound = 1 / sqrt(Float32(inputs))
    return bound .* (2 .* rand(rng, Float32, outputs, inputs) .- 1)
end

"""
    Dense(inputs, outputs)

An affine map of the first axis.
"""
struct Dense <: AbstractLuxLayer
    inputs::Int
    outputs::Int
end

LuxCore.initialparameters(rng::AbstractRNG, l::Dense) =
    (; weight=uniform(rng, l.outputs, l.inputs), bias=zeros(Float32, l.outputs))

function pullback(::Dense, ps, x)
    y = ps.weight * columns(x)
    y .+= ps.bias
    function back(dy, gs; input=true)
        d = columns(dy)
        collect_affine!(gs, d, columns(x))
        return input ? rows_like(ps.weight' * d, x) : nothing
    end
    return rows_like(y, x), back
end

collect_affine!(::Nothing, d, x) = nothing
function collect_affine!(gs, d, x)
    mul!(gs.weight, d, x', true, true)
    gs.bias .+= vec(sum(d; dims=2))
    return nothing
end

"""
    ResidualMLP(inputs, hidden, outputs; blocks=2)

Dense, residual blocks with mish, Dense; with a linear path beside them.
"""
struct ResidualMLP{B} <: AbstractLuxContainerLayer{(:first, :blocks, :last, :skip)}
    first::Dense
    blocks::B
    last::Dense
    skip::Dense
end

ResidualMLP(inputs, hidden, outputs; blocks=2) = ResidualMLP(
    Dense(inputs, hidden),
    numbered(Dense(hidden, hidden) for _ in 1:blocks),
    Dense(hidden, outputs),
    Dense(inputs, outputs),
)

# Lists have the numbers of the checkpoint layout for names.
function numbered(list)
    entries = Tuple(list)
    return NamedTuple{Tuple(Symbol.(0:length(entries)-1))}(entries)
end

function pullback(l::ResidualMLP, ps, x)
    z, back_first = pullback(l.first, ps.first, x)
    hidden, slope = mish(z)
    deep, back_blocks = residual(values(l.blocks), values(ps.blocks), hidden)
    y, back_last = pullback(l.last, ps.last, deep)
    straight, back_skip = pullback(l.skip, ps.skip, x)
    y .+= straight
    function back(dy, gs; input=true)
        d = back_last(dy, part(gs, :last))
        d = back_blocks(d, gs === nothing ? nothing : values(gs.blocks))
        d .*= slope
        dx = back_first(d, part(gs, :first); input)
        beside = back_skip(dy, part(gs, :skip); input)
        input && (dx .+= beside)
        return dx
    end
    return y, back
end

residual(::Tuple{}, ::Tuple{}, x) = x, (dy, gs) -> dy
function residual(blocks::Tuple, ps::Tuple, x)
    z, back_block = pullback(first(blocks), first(ps), x)
    moved, slope = mish(z)
    moved .+= x
    y, back_rest = residual(Base.tail(blocks), Base.tail(ps), moved)
    function back(dy, gs)
        d = back_rest(dy, rest_of(gs))
        dx = back_block(d .* slope, first_of(gs))
        dx .+= d
        return dx
    end
    return y, back
end

"""
    TwoLayer(inputs, hidden, outputs)

Dense, mish, Dense: from a code to physical values.
"""
struct TwoLayer <: AbstractLuxContainerLayer{(:first, :second)}
    first::Dense
    second::Dense
end

TwoLayer(inputs, hidden, outputs) = TwoLayer(Dense(inputs, hidden), Dense(hidden, outputs))

function pullback(l::TwoLayer, ps, x)
    z, back_first = pullback(l.first, ps.first, x)
    hidden, slope = mish(z)
    y, back_second = pullback(l.second, ps.second, hidden)
    function back(dy, gs)
        d = back_second(dy, part(gs, :second))
        d .*= slope
        return back_first(d, part(gs, :first))
    end
    return y, back
end

"""
    Attention(size)

Channel-wise pooling over time: `(size, batch, time)` to `(size, batch)`, by a softmax over time
for every feature (GOKU-UI).
"""
struct Attention <: AbstractLuxContainerLayer{(:score,)}
    score::Dense
end

Attention(size::Integer) = Attention(Dense(size, size))

function pullback(l::Attention, ps, x)
    score, back_score = pullback(l.score, ps.score, x)
    weight = exp.(score .- maximum(score; dims=3))
    weight ./= sum(weight; dims=3)
    pooled = sum(weight .* x; dims=3)
    function back(dy, gs)
        d = reshape(dy, size(pooled))
        dx = back_score(weight .* (x .- pooled) .* d, part(gs, :score))
        dx .+= weight .* d
        return dx
    end
    return dropdims(pooled; dims=3), back
end

"""
    Gaussian(inputs, outputs)

Mean and log-variance of a diagonal Gaussian code.
"""
struct Gaussian <: AbstractLuxContainerLayer{(:mean, :log_variance)}
    mean::Dense
    log_variance::Dense
end

Gaussian(inputs::Integer, outputs::Integer) = Gaussian(Dense(inputs, outputs), Dense(inputs, outputs))

function pullback(l::Gaussian, ps, x)
    middle, back_mean = pullback(l.mean, ps.mean, x)
    width, back_width = pullback(l.log_variance, ps.log_variance, x)
    function back((dmean, dwidth), gs)
        dx = back_mean(dmean, part(gs, :mean))
        # A deterministic model does not use the width.
        dwidth === nothing || (dx .+= back_width(dwidth, part(gs, :log_variance)))
        return dx
    end
    return (middle, width), back
end

for layer in (:Dense, :ResidualMLP, :TwoLayer, :Attention, :Gaussian)
    @eval (l::$layer)(x, ps, st::NamedTuple) = (apply(l, ps, x), st)
end
