"""
    ParameterEncoder(features, size, outputs, attends)

From the features of the whole sequence to the code of the parameters: LSTMs both ways, then
attention over time (GOKU-UI), or two of each and their last states (GOKU-net).
"""
struct ParameterEncoder{F,B,A} <: AbstractLuxLayer
    forward::F
    backward::B
    attention::A
    head::Gaussian
end

function ParameterEncoder(features::Integer, size, outputs, attends)
    inputs = attends ? (features,) : (features, size)
    way() = numbered(LSTM(i, size) for i in inputs)
    attention = attends ? Attention(2size) : nothing
    return ParameterEncoder(way(), way(), attention, Gaussian(2size, outputs))
end

function LuxCore.initialparameters(rng::AbstractRNG, l::ParameterEncoder)
    names = l.attention === nothing ? (:forward, :backward, :head) :
        (:forward, :backward, :attention, :head)
    return NamedTuple{names}(LuxCore.initialparameters.(Ref(rng), getfield.(Ref(l), names)))
end

function pullback(l::ParameterEncoder, ps, features)
    there, back_there = stacked(values(l.forward), values(ps.forward), features)
    back_, back_back = stacked(values(l.backward), values(ps.backward), backwards(features))
    pooled, back_pool = pool(l.attention, ps, there, back_)
    codes, back_head = pullback(l.head, ps.head, pooled)
    function back(dcodes, gs)
        dpooled = back_head(dcodes, part(gs, :head))
        dthere, dback = back_pool(dpooled, gs)
        dx = back_there(dthere, gs === nothing ? nothing : values(gs.forward))
        other = back_back(dback, gs === nothing ? nothing : values(gs.backward))
        dx .+= backwards(other)
        return dx
    end
    return codes, back
end

# Turned round again, so that both halves of a row speak of the same time.
function pool(l::Attention, ps, there, back_)
    s = size(there, 1)
    pooled, back_pooled = pullback(l, ps.attention, vcat(there, backwards(back_)))
    function back(dy, gs)
        d = back_pooled(dy, part(gs, :attention))
        return d[1:s, :, :], backwards(d[s+1:2s, :, :])
    end
    return pooled, back
end

function pool(::Nothing, ps, there, back_)
    s, times = size(there, 1), size(there, 3)
    function back(dy, gs)
        halves = (view(dy, 1:s, :), view(dy, s+1:2s, :))
        return map(halves) do half
            d = fill!(similar(there), 0)
            slice(d, times) .= half
            d
        end
    end
    return vcat(slice(there, times), slice(back_, times)), back
end

stacked(::Tuple{}, ::Tuple{}, x) = x, (dy, gs) -> dy
function stacked(layers::Tuple, ps::Tuple, x)
    hidden, back_first = pullback(first(layers), first(ps), x)
    y, back_rest = stacked(Base.tail(layers), Base.tail(ps), hidden)
    return y, (dy, gs) -> back_first(back_rest(dy, rest_of(gs)), first_of(gs))
end

(l::ParameterEncoder)(x, ps, st::NamedTuple) = (apply(l, ps, x), st)
