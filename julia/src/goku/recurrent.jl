# Recurrent layers: hidden states (size, batch, time) of inputs (feature, batch, time). One matrix
# product serves the inputs of all times; and backwards, one the gradients of the weights.

"""
    LSTM(inputs, size)

Long short-term memory with a trainable initial state and forget bias 1.
"""
struct LSTM <: AbstractLuxLayer
    inputs::Int
    size::Int
end

function LuxCore.initialparameters(rng::AbstractRNG, l::LSTM)
    s = l.size
    bias = zeros(Float32, 4s)
    bias[s+1:2s] .= 1
    return (;
        input=uniform(rng, 4s, l.inputs),
        recurrent=uniform(rng, 4s, s),
        bias,
        start=zeros(Float32, 2, s),
    )
end

# The four blocks of the gates: input, forget, candidate, output.
function blocks(gates)
    s = size(gates, 1) ÷ 4
    return ntuple(k -> view(gates, (k-1)*s+1:k*s, :), Val(4))
end

# Activate gates in place, and move the cell.
function gate!(gates, before, cell, hidden)
    i, f, g, o = blocks(gates)
    i .= sigmoid.(i)
    f .= sigmoid.(f)
    g .= squash.(g)
    o .= sigmoid.(o)
    cell .= f .* before .+ i .* g
    hidden .= o .* squash.(cell)
    return nothing
end

# Cotangents of one step: of the activated gates, given those of hidden state and cell after it.
function gate_back!(dgates, gates, before, cell, dh, dc)
    i, f, g, o = blocks(gates)
    di, df, dg, do_ = blocks(dgates)
    squashed = squash.(cell)
    dc .+= dh .* o .* (1 .- squashed .^ 2)
    di .= dc .* g .* i .* (1 .- i)
    df .= dc .* before .* f .* (1 .- f)
    dg .= dc .* i .* (1 .- g .^ 2)
    do_ .= dh .* squashed .* o .* (1 .- o)
    dc .*= f
    return nothing
end

slice(x, t) = view(x, :, :, t)

function pullback(l::LSTM, ps, x)
    s, batch, times = l.size, size(x, 2), size(x, 3)
    gates = ps.input * columns(x)
    gates .+= ps.bias
    gates = reshape(gates, 4s, batch, times)
    hidden, cell = similar(gates, s, batch, times + 1), similar(gates, s, batch, times + 1)
    slice(hidden, 1) .= view(ps.start, 1, :)
    slice(cell, 1) .= view(ps.start, 2, :)
    for t in 1:times
        mul!(slice(gates, t), ps.recurrent, slice(hidden, t), true, true)
        gate!(slice(gates, t), slice(cell, t), slice(cell, t + 1), slice(hidden, t + 1))
    end
    function back(dy, gs)
        dgates = similar(gates)
        dh, dc = fill!(similar(gates, s, batch), 0), fill!(similar(gates, s, batch), 0)
        for t in times:-1:1
            dh .+= slice(dy, t)
            gate_back!(slice(dgates, t), slice(gates, t), slice(cell, t), slice(cell, t + 1), dh, dc)
            mul!(dh, ps.recurrent', slice(dgates, t))
        end
        collect_lstm!(gs, columns(dgates), columns(x), columns(view(hidden, :, :, 1:times)), dh, dc)
        return rows_like(ps.input' * columns(dgates), x)
    end
    return hidden[:, :, 2:end], back
end

collect_lstm!(::Nothing, dgates, x, hidden, dh, dc) = nothing
function collect_lstm!(gs, dgates, x, hidden, dh, dc)
    mul!(gs.input, dgates, x', true, true)
    mul!(gs.recurrent, dgates, hidden', true, true)
    gs.bias .+= vec(sum(dgates; dims=2))
    view(gs.start, 1, :) .+= vec(sum(dh; dims=2))
    view(gs.start, 2, :) .+= vec(sum(dc; dims=2))
    return nothing
end

"""
    RNN(inputs, size)

Two stacked ReLU recurrences with identity recurrent weights at the start (Le et al. 2015).
"""
struct RNN <: AbstractLuxLayer
    inputs::Int
    size::Int
end

function LuxCore.initialparameters(rng::AbstractRNG, l::RNN)
    s = l.size
    unit() = Float32[i == j for i in 1:s, j in 1:s]
    dense(inputs) = LuxCore.initialparameters(rng, Dense(inputs, s))
    return (;
        inputs=numbered((dense(l.inputs), dense(s))),
        recurrent=numbered((unit(), unit())),
        start=zeros(Float32, 2, s),
    )
end

function pullback(l::RNN, ps, x)
    low, back_low = relu_pass(ps, x, 1)
    high, back_high = relu_pass(ps, low, 2)
    return high, (dy, gs) -> back_low(back_high(dy, gs), gs)
end

function relu_pass(ps, x, k)
    inputs, weight = ps.inputs[k], ps.recurrent[k]
    projected, back_input = pullback(Dense(size(x, 1), size(weight, 1)), inputs, x)
    s, batch, times = size(projected)
    hidden = similar(projected, s, batch, times + 1)
    slice(hidden, 1) .= view(ps.start, k, :)
    for t in 1:times
        mul!(slice(projected, t), weight, slice(hidden, t), true, true)
        slice(hidden, t + 1) .= max.(slice(projected, t), 0)
    end
    function back(dy, gs)
        d = similar(projected)
        dh = fill!(similar(projected, s, batch), 0)
        for t in times:-1:1
            slice(d, t) .= (dh .+ slice(dy, t)) .* (slice(projected, t) .> 0)
            mul!(dh, weight', slice(d, t))
        end
        if gs !== nothing
            before = columns(view(hidden, :, :, 1:times))
            mul!(gs.recurrent[k], columns(d), before', true, true)
            view(gs.start, k, :) .+= vec(sum(dh; dims=2))
        end
        return back_input(d, gs === nothing ? nothing : gs.inputs[k])
    end
    return hidden[:, :, 2:end], back
end

"""
    backwards(x)

Turn time round.
"""
backwards(x) = x[:, :, end:-1:1]

# The last hidden state alone: its cotangent is that of a path which is zero before.
function last_of(l, ps, x)
    path, back_path = pullback(l, ps, x)
    function back(dy, gs)
        dpath = fill!(similar(path), 0)
        slice(dpath, size(path, 3)) .= dy
        return back_path(dpath, gs)
    end
    return path[:, :, end], back
end

for layer in (:LSTM, :RNN)
    @eval (l::$layer)(x, ps, st::NamedTuple) = (apply(l, ps, x), st)
end
