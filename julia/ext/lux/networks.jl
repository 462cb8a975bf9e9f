# Networks of pysciml models as Lux layers. JAX's gelu is the approximation by tanh.
const ACTIVATIONS = Dict(
    "tanh" => tanh,
    "relu" => NNlib.relu,
    "gelu" => NNlib.gelu_tanh,
    "silu" => NNlib.swish,
    "softplus" => NNlib.softplus,
    "sigmoid" => NNlib.sigmoid,
    "identity" => identity,
)

function PySciML.lux(weights::AbstractVector; widths, activation, final="identity")
    sizes = collect(Int, widths)
    count = length(sizes) - 1
    expected = sum((sizes[i] + 1) * sizes[i+1] for i in 1:count)
    length(weights) == expected || throw(
        DimensionMismatch(
            "a network of widths $sizes has $expected weights; got $(length(weights))"
        ),
    )
    names = Tuple(Symbol("layer_", i) for i in 1:count)
    layers = map(1:count) do i
        Dense(sizes[i] => sizes[i+1], ACTIVATIONS[i < count ? activation : final])
    end
    start = 0
    parameters = map(1:count) do i
        before, after = sizes[i], sizes[i+1]
        weight = permutedims(reshape(weights[start+1:start+before*after], before, after))
        start += before * after
        bias = weights[start+1:start+after]
        start += after
        (; weight, bias)
    end
    return Chain(NamedTuple{names}(Tuple(layers))), NamedTuple{names}(Tuple(parameters))
end

PySciML.flat_weights(parameters) =
    reduce(vcat, [[vec(permutedims(layer.weight)); layer.bias] for layer in values(parameters)])
