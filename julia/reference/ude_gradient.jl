# A universal differential equation: the loss and its gradient, ForwardDiff through a tight solve.
include("record.jl")
using ForwardDiff, Lux, OrdinaryDiffEqTsit5, Random
using SciMLBase: ODEProblem, solve

const NETWORK = Chain(Dense(2 => 32, tanh), Dense(32 => 32, tanh), Dense(32 => 2))
initial, states = Lux.setup(Xoshiro(3), NETWORK)
wide(x) = map(array -> Float64.(array), x)
weights = [wide(layer) for layer in values(initial)]

flat(layers) = reduce(vcat, [[vec(layer.weight); layer.bias] for layer in layers])
function unflat(vector, like)
    start, layers = 0, []
    for layer in like
        n, m = length(layer.weight), length(layer.bias)
        weight = reshape(vector[start+1:start+n], size(layer.weight))
        push!(layers, (; weight, bias=vector[start+n+1:start+n+m]))
        start += n + m
    end
    return layers
end

times, start = 0:0.1:3, [0.44249296, 4.6280594]
truth(u, p, t) = [1.3u[1] - 0.9u[1] * u[2], 0.8u[1] * u[2] - 1.8u[2]]
tight = (reltol=1e-11, abstol=1e-11, saveat=times)
data = stack(solve(ODEProblem(truth, start, (0.0, 3.0)), Tsit5(); tight...).u)

function loss(vector)
    layers = NamedTuple{keys(initial)}(Tuple(unflat(vector, weights)))
    function rate(u, p, t)
        k = first(NETWORK(u, layers, states))
        return [1.3u[1] + k[1], -1.8u[2] + k[2]]
    end
    path = stack(solve(ODEProblem(rate, eltype(vector).(start), (0.0, 3.0)), Tsit5(); tight...).u)
    return sum(abs2, path - data) / length(data)
end

vector = flat(weights)
gradient = unflat(ForwardDiff.gradient(loss, vector), weights)
arrays = Pair[]
for (k, (layer, slope)) in enumerate(zip(weights, gradient)), part in (:weight, :bias)
    rank = part === :weight ? ("out_$k", "in_$k") : ("out_$k",)
    push!(arrays, "layers.$(k - 1).$part" => (rank, layer[part]))
    push!(arrays, "gradient.layers.$(k - 1).$part" => (rank, slope[part]))
end
record(
    "ude_gradient",
    "u1' = 1.3 u1 + nn1(u), u2' = -1.8 u2 + nn2(u), network 2-32-32-2 with tanh, from (0.44249296, 4.6280594); loss: mean squared difference; ForwardDiff through Tsit5 at 1e-11",
    ["OrdinaryDiffEqTsit5", "ForwardDiff", "Lux"],
    [
        "time" => (("time",), collect(times))
        "x" => (("time",), data[1, :])
        "y" => (("time",), data[2, :])
        "loss" => ((), fill(loss(vector)))
        arrays
    ],
)
