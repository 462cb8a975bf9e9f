"""
The pullbacks of `PySciML.Goku` as rules of ChainRules, for Zygote and its like: a layer in a network
of Lux, and a core as one of its parts, keep their hand-written derivatives.
"""
module PySciMLTrainingExt

using ChainRulesCore: ChainRulesCore, NoTangent, Tangent, ZeroTangent, unthunk
using PySciML.Goku: Goku

zeros_like(ps::NamedTuple) = map(zeros_like, ps)
zeros_like(x::AbstractArray) = fill!(similar(x), 0)

tangent(ps::NamedTuple, gs) = Tangent{typeof(ps)}(; map(tangent, ps, gs)...)
tangent(ps::AbstractArray, gs) = gs

function ChainRulesCore.rrule(::typeof(Goku.apply), layer, ps, x)
    y, back = Goku.pullback(layer, ps, x)
    function apply_pullback(dy)
        gs = zeros_like(ps)
        dx = back(cotangent(dy), gs)
        return NoTangent(), NoTangent(), tangent(ps, gs), dx
    end
    return y, apply_pullback
end

function ChainRulesCore.rrule(
    ::typeof(Goku.moved), core::Goku.Core, ps, starts, params, steps, draws
)
    states, back = Goku.path(core, ps, starts, params, steps, draws)
    function moved_pullback(dstates)
        gs = zeros_like(ps)
        dstarts, dparams = back(unthunk(dstates), gs)
        by_params = dparams === nothing ? NoTangent() : dparams
        return NoTangent(), NoTangent(), tangent(ps, gs), dstarts, by_params, NoTangent(), NoTangent()
    end
    return states, moved_pullback
end

# Layers with two results have a tuple of cotangents.
cotangent(dy) = unthunk(dy)
cotangent(dy::Tangent) = map(unthunk, Tuple(dy))

end
