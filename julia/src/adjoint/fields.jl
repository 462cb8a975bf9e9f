# The functions of a system as sweeps call them.

has_tuples(field::Nothing) = true
has_tuples(field::Field) = haskey(field.values, :value) && haskey(field.values, :vjp)
in_lanes(s::System) = has_tuples(s.drift) && has_tuples(s.diffusion)

# A function of the system in tuples or in place. Where there are no parameters, translated
# functions know nothing of their cotangents.
tuples(::Nothing, ::Val, params) = nothing
inplace(::Nothing, ::Val, params) = nothing
tuples(field::Field, ::Val{:value}, params) = field.values.value
inplace(field::Field, ::Val{:value}, params) = field.inplace.value
function tuples(field::Field, ::Val{:vjp}, params)
    f = cotangents(field.values)
    return params > 0 ? f : (args...) -> (f(args...), ())
end
function inplace(field::Field, ::Val{:vjp}, params)
    f = cotangents(field.inplace)
    return params > 0 ? f : (gu, gp, args...) -> f(gu, args...)
end

cotangents(functions) = haskey(functions, :vjp) ? functions.vjp : throw(ArgumentError(
    "a function of this model has tangents but no cotangents, as a loop whose count of " *
    "iterations is data has none (lax.while_loop): write it with lax.scan to differentiate it " *
    "in reverse, or use the tangents",
))

both(style, s::System, name) = style(s.drift, name, s.params), style(s.diffusion, name, s.params)
const VALUE, VJP = Val(:value), Val(:vjp)
