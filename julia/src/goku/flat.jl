# One vector of all weights, and the nested parameters of Lux as views of it.

"""
    Slot

The place of one array in the vector of all weights.
"""
struct Slot{N}
    range::UnitRange{Int}
    size::NTuple{N,Int}
end

"""
    layout(ps)

Where every array of nested parameters is in one vector, in order; and the length of the vector.
"""
layout(ps::NamedTuple) = layout(ps, 0)

function layout(ps::NamedTuple, start)
    slots = Any[]
    for part in values(ps)
        slot, start = layout(part, start)
        push!(slots, slot)
    end
    return NamedTuple{keys(ps)}(Tuple(slots)), start
end

layout(array::AbstractArray, start) =
    Slot(start+1:start+length(array), size(array)), start + length(array)

"""
    nested(flat, slots)

The parameters that lie in a vector, as views of it.
"""
nested(flat, slots::NamedTuple) = map(slot -> nested(flat, slot), slots)
nested(flat, slot::Slot) = reshape(view(flat, slot.range), slot.size)

"""
    flatten(ps)

Nested parameters, put one after the other.
"""
flatten(ps::NamedTuple) = isempty(ps) ? Float32[] : reduce(vcat, map(flatten, values(ps)))
flatten(array::AbstractArray) = vec(array)

"""
    parameter_names(slots)

The name of every array, such as `features.first.weight`, and its size.
"""
parameter_names(slots::NamedTuple, prefix="") = reduce(
    vcat,
    [parameter_names(slot, isempty(prefix) ? "$key" : "$prefix.$key") for (key, slot) in pairs(slots)];
    init=Pair{String,Vector{Int}}[],
)
parameter_names(slot::Slot, prefix) = [prefix => collect(Int, slot.size)]

# Gradients are added to nested views like those of the weights, or dropped where there are none.
part(::Nothing, name) = nothing
part(gs, name) = getproperty(gs, name)
first_of(gs) = gs === nothing ? nothing : first(gs)
rest_of(gs) = gs === nothing ? nothing : Base.tail(gs)
