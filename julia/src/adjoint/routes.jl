export check_native_route, gradient_route, native_gradient

"""
    gradient_route(system; solver="Tsit5")

How a solution is differentiated in reverse: `(; route, reason)`. The routes are `:recorded_steps`,
see [`gradient`](@ref); `:fixed_steps`, see [`solve_with_pullback`](@ref); and `:tangents`, forward
in time, see `tangent_system`.
"""
function gradient_route(system::System; solver="Tsit5")
    name = Symbol(solver)
    isempty(system.events) || return (;
        route=:tangents, reason="the states jump at events, through which tangents are carried",
    )
    haskey(Schemes.NAMED, name) && return (;
        route=:fixed_steps, reason="$name has fixed steps, which are swept back one by one",
    )
    system.diffusion === nothing || return (;
        route=:tangents, reason="there is no reverse sweep of $name; tangents have its steps",
    )
    name === :Tsit5 && return (;
        route=:recorded_steps, reason="Tsit5 is swept back over the steps that it accepted",
    )
    return (;
        route=:tangents,
        reason="there is no reverse sweep of $name; tangents are solved with it, Jacobian included",
    )
end

# Native routes whose gradients are wrong without a word: found at fixed noise against differences.
# (sensitivity algorithm, solver, what is wrong)
const WRONG = (
    (:ReverseDiffAdjoint, :SOSRI, "are all zero"),
    (:ReverseDiffAdjoint, :EulerHeun, "lack the part of the noise"),
    (:InterpolatingAdjoint, :EM, "are 8 to 11 % off with multiplicative noise, at any step"),
    (:BacksolveAdjoint, :EM, "are 8 to 11 % off with multiplicative noise, at any step"),
)

"""
    check_native_route(sensealg, solver, system)

Refuse a sensitivity algorithm of SciMLSensitivity, by name, where its gradients of a system with
noise are known to be wrong.
"""
function check_native_route(sensealg, solver, system::System)
    system.diffusion === nothing && return nothing
    for (wrong, with, what) in WRONG
        Symbol(sensealg) === wrong && Symbol(solver) === with || continue
        throw(ArgumentError(
            "gradients by $wrong through $with $what, and nothing says so. Use " *
            "solve_with_pullback, whose gradient is that of the numbers that were computed",
        ))
    end
    return nothing
end

"""
    native_gradient(system, cotangents, u0, p, times; sensealg, vjp, solver, rtol=1e-8, atol=1e-10)

The gradient of an ordinary equation by a sensitivity algorithm of SciMLSensitivity, as a check of
[`gradient`](@ref): `(; u0, p)`. `sensealg` is `:ForwardDiffSensitivity`, or `:InterpolatingAdjoint`,
`:GaussAdjoint`, `:QuadratureAdjoint` or `:BacksolveAdjoint`. These get the Jacobian and the cotangents
that the translator writes, unless `vjp` names the package that is to find them: `:Zygote`,
`:ReverseDiff`, `:ForwardDiff` or `:Enzyme`. SciMLSensitivity, and that package, must have been loaded.
"""
function native_gradient(system::System, cotangents, u0, p, times; settings...)
    isempty(methods(native_gradient_by)) && throw(ArgumentError(
        "native_gradient needs SciMLSensitivity: load it with `using SciMLSensitivity`",
    ))
    return Base.invokelatest(native_gradient_by, system, cotangents, u0, p, times; settings...)
end
function native_gradient_by end
