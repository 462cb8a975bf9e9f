# The loss of a small GOKU-UI model and its gradient: weights, data, codes and noise all given.
# Abrevaya et al. (2024), with attention, multiple shooting and a variational code. Arrays are
# (feature, batch), one for each time. The core is two Stuart-Landau oscillators with noise.
include("record.jl")
using Lux, Random, Statistics, Zygote

const CHANNELS, LENGTH, WINDOW, FUTURE, BATCH = 3, 10, 4, 2, 3
const HIDDEN, FEATURES, RECURRENT, CODE = 8, 6, 5, 4
const N, H = 2, 0.5                                   # oscillators; two steps per step of the data
const JOINTS = (LENGTH - 1) ÷ (WINDOW - 1)            # windows
const LOW, HIGH = [-1, -1, 0, 0, 0, 0, 0, 0.0], [1, 1, 1, 1, 0.2, 0.2, 0.2, 0.2]  # a, omega, C
const G, SIGMA = 0.1, 0.02 / sqrt(20)
const CONTINUITY, KL, FORECAST = 2.0, 0.5, 0.3

rng = Xoshiro(4)
uniform(out, in) = (2rand(rng, out, in) .- 1) ./ sqrt(in)
affine(in, out) = (weight=uniform(out, in), bias=0.1randn(rng, out))
residual(in, out) = (
    first=affine(in, HIDDEN),
    blocks=(affine(HIDDEN, HIDDEN), affine(HIDDEN, HIDDEN)),
    last=affine(HIDDEN, out),
    skip=affine(in, out),
)
memory(in, size) = (
    input=uniform(4size, in),
    recurrent=uniform(4size, size),
    bias=0.1randn(rng, 4size),
    start=0.1randn(rng, 2, size),
)
gaussian(in, out) = (mean=affine(in, out), log_variance=affine(in, out))
two(in, out) = (first=affine(in, HIDDEN), second=affine(HIDDEN, out))

weights = (
    features=residual(CHANNELS, FEATURES),
    state_encoder=memory(FEATURES, RECURRENT),
    state_head=gaussian(RECURRENT, CODE),
    params_encoder=(
        forward=(memory(FEATURES, RECURRENT),),
        backward=(memory(FEATURES, RECURRENT),),
        attention=(score=affine(2RECURRENT, 2RECURRENT),),
        head=gaussian(2RECURRENT, CODE),
    ),
    to_state=two(CODE, 2N),
    to_params=two(CODE, 8),
    readout=residual(2N, CHANNELS),
)
data = [sin.(0.6t .+ (1:CHANNELS)) .+ 0.3randn(rng, CHANNELS, BATCH) for t in 1:LENGTH+FUTURE]
code_noise = (state=[randn(rng, CODE, BATCH) for _ in 1:JOINTS], params=randn(rng, CODE, BATCH))
steps(window) = 2 * (WINDOW - 1 + (window == JOINTS ? FUTURE : 0))
motion = [[sqrt(H) * randn(rng, 2N, BATCH) for _ in 1:steps(w)] for w in 1:JOINTS]

# Layers: those of Lux where it has them.
const LAYERS = Dict{Tuple{Int,Int},Any}()
layer(in, out) = get!(() -> Dense(in => out), LAYERS, (in, out))
dense(p, x) = first(Zygote.@ignore(layer(size(p.weight, 2), size(p.weight, 1)))(x, p, (;)))
mish(x) = x * tanh(log1p(exp(-abs(x))) + max(x, 0))
sigmoid(x) = 1 / (1 + exp(-x))

function residual(p::NamedTuple, x)
    hidden = mish.(dense(p.first, x))
    for block in p.blocks
        hidden = hidden + mish.(dense(block, hidden))
    end
    return dense(p.last, hidden) + dense(p.skip, x)
end

two(p::NamedTuple, x) = dense(p.second, mish.(dense(p.first, x)))
gaussian(p::NamedTuple, x) = (mean=dense(p.mean, x), log_variance=dense(p.log_variance, x))

function memory(p::NamedTuple, sequence)
    size_ = size(p.recurrent, 2)
    hidden = p.start[1, :] .+ zeros(1, BATCH)
    cell = p.start[2, :] .+ zeros(1, BATCH)
    outputs = ()
    for x in sequence
        all = p.input * x + p.recurrent * hidden .+ p.bias
        i, f, g, o = (all[k*size_+1:(k+1)*size_, :] for k in 0:3)
        cell = sigmoid.(f) .* cell + sigmoid.(i) .* tanh.(g)
        hidden = sigmoid.(o) .* tanh.(cell)
        outputs = (outputs..., hidden)
    end
    return cat(outputs...; dims=3)  # (size, batch, time)
end

function attention(p, sequence)
    scores = [exp.(dense(p.score, x)) for x in sequence]
    return sum(s .* x for (s, x) in zip(scores, sequence)) ./ sum(scores)
end

# Core. A slope is slowed down where it would move a state further in one step than its size + 1.
function drift(u, a, omega, C)
    x, y = u[1:N, :], u[N+1:2N, :]
    pull(z) = G * (reduce(vcat, [sum(z .* C[:, j, :]; dims=1) for j in 1:N]) - z .* sum_from(C))
    sum_from(C) = reduce(vcat, [sum(C[:, j, :]; dims=1) for j in 1:N])
    radial = a .- x .^ 2 .- y .^ 2
    slope = [radial .* x - omega .* y + pull(x); radial .* y + omega .* x + pull(y)]
    q = H * sqrt.(sum(abs2, slope; dims=1) ./ (1 .+ sum(abs2, u; dims=1)))
    return slope ./ (1 .+ q .^ 4) .^ 0.25
end

function path(u, params, increments)
    a, omega = params[1:N, :], params[N+1:2N, :]
    C = permutedims(reshape(params[2N+1:end, :], N, N, BATCH), (2, 1, 3))  # C[from, to], row by row
    saved = (u,)
    for (k, dw) in enumerate(increments)
        first_slope = drift(u, a, omega, C)  # stochastic Heun
        second = drift(u + H * first_slope + SIGMA * dw, a, omega, C)
        u = u + H / 2 * (first_slope + second) + SIGMA * dw
        saved = iseven(k) ? (saved..., u) : saved
    end
    return cat(saved...; dims=3)  # (state, batch, time)
end

divergence(c) = mean(sum(exp.(c.log_variance) + c.mean .^ 2 - c.log_variance .- 1; dims=1)) / 2
drawn(c, noise) = c.mean + exp.(c.log_variance / 2) .* noise

function loss(p)
    features = [residual(p.features, x) for x in data[1:LENGTH]]
    read(k) = [features[k*(WINDOW-1)+2-j] for j in 1:WINDOW]  # a window, its last time first
    states = [gaussian(p.state_head, memory(p.state_encoder, read(k))[:, :, end]) for k in 1:JOINTS]
    there = memory(p.params_encoder.forward[1], features)
    back = memory(p.params_encoder.backward[1], [features[LENGTH+1-t] for t in 1:LENGTH])
    both = [vcat(there[:, :, t], back[:, :, LENGTH+1-t]) for t in 1:LENGTH]
    code = gaussian(p.params_encoder.head, attention(p.params_encoder.attention, both))

    starts = [two(p.to_state, drawn(c, e)) for (c, e) in zip(states, code_noise.state)]
    params = LOW .+ (HIGH - LOW) .* sigmoid.(two(p.to_params, drawn(code, code_noise.params)))
    paths = [path(u, params, dw) for (u, dw) in zip(starts, motion)]
    scale = mean(mean(abs, x) for x in data[1:LENGTH])
    error(k, j) = mean(abs2, data[(k-1)*(WINDOW-1)+j] - residual(p.readout, paths[k][:, :, j]))
    past = sum(sum(error(k, j) for j in 1:WINDOW-1+(k == JOINTS)) for k in 1:JOINTS)
    future = sum(error(JOINTS, WINDOW + j) for j in 1:FUTURE)
    jumps = mean(mean(abs2, paths[k][:, :, WINDOW] - starts[k+1]) for k in 1:JOINTS-1)
    kl = (mean(divergence(c) for c in states) + divergence(code)) / (LENGTH * CHANNELS)
    reconstruction, forecast = past / LENGTH / scale, future / FUTURE / scale
    total = reconstruction + CONTINUITY * jumps + KL * kl + FORECAST * forecast
    return (; total, reconstruction, jumps, kl, forecast)
end

gradient = first(Zygote.gradient(p -> loss(p).total, weights))

# Central differences of the whole, since nothing else checks a gradient here.
move(p::AbstractArray, d, h) = p + h * d
move(p, d, h) = map((a, b) -> move(a, b, h), p, d)
direction(p::AbstractArray) = randn(rng, size(p)...)
direction(p) = map(direction, p)
along(p::AbstractArray, d) = sum(p .* d)
along(p, d) = sum(map(along, values(p), values(d)))
d = direction(weights)
difference = (loss(move(weights, d, 1e-6)).total - loss(move(weights, d, -1e-6)).total) / 2e-6
@assert isapprox(along(gradient, d), difference; rtol=1e-7)

arrays = Pair[]
leaves(prefix, p::AbstractVector) = push!(arrays, prefix => (("out$(length(p))",), p))
leaves(prefix, p::AbstractMatrix) =
    push!(arrays, prefix => (("out$(size(p, 1))", "in$(size(p, 2))"), p))
leaves(prefix, p::NamedTuple) = foreach(k -> leaves("$prefix.$k", p[k]), keys(p))
leaves(prefix, p::Tuple) = foreach(k -> leaves("$prefix.$(k - 1)", p[k]), eachindex(p))
leaves("weights", weights)
leaves("gradient", gradient)
stacked(list) = permutedims(stack(list), (3, 2, 1))  # (time, batch, feature)
terms = loss(weights)
record(
    "goku_loss",
    "GOKU-UI, small, with all randomness given: loss, its terms and its gradient by Zygote over plain loops; checked by central differences to 1e-7",
    ["Lux", "Zygote"],
    [
        "data" => (("time", "batch", "channel"), stacked(data))
        "code_noise_state" => (("window", "batch", "code"), stacked(code_noise.state))
        "code_noise_params" => (("batch", "code"), permutedims(code_noise.params))
        [
            "increments_$(w - 1)" => (("step_$(w - 1)", "batch", "state"), stacked(motion[w]))
            for w in 1:JOINTS
        ]
        [String(k) => ((), fill(v)) for (k, v) in pairs(terms)]
        arrays
    ],
)
