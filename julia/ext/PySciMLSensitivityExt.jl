"""
Gradients by SciMLSensitivity, with the derivatives that the translator writes.
"""
module PySciMLSensitivityExt

using ForwardDiff: ForwardDiff
using OrdinaryDiffEqTsit5: Tsit5
using PySciML: PySciML, System
using SciMLBase: FullSpecialize, ODEFunction, ODEProblem, remake, solve
using SciMLSensitivity:
    BacksolveAdjoint, EnzymeVJP, GaussAdjoint, InterpolatingAdjoint, QuadratureAdjoint, ReverseDiffVJP,
    ZygoteVJP, adjoint_sensitivities

const ADJOINTS = (; InterpolatingAdjoint, GaussAdjoint, QuadratureAdjoint, BacksolveAdjoint)
# Of the translated cotangents the choice does not matter, since the function has its own.
const PRODUCTS = (;
    translated=ZygoteVJP(), Zygote=ZygoteVJP(), ReverseDiff=ReverseDiffVJP(), Enzyme=EnzymeVJP(),
    ForwardDiff=false,
)

chosen(table, name, what) =
    haskey(table, Symbol(name)) ? table[Symbol(name)] : throw(
        ArgumentError("there is no $what $name; there are $(join(keys(table), ", "))."),
    )

function adjoint(sensealg, vjp)
    kind = chosen(ADJOINTS, sensealg, "route")
    own = kind === QuadratureAdjoint ? (; abstol=1e-10, reltol=1e-8) : (;)
    return kind(; autojacvec=chosen(PRODUCTS, vjp, "package for cotangents"), own...)
end

"The drift as an `ODEFunction`, with its Jacobian and cotangents where they are to be used."
function rates(system::System{T}, cotangents) where {T}
    f = system.drift.inplace
    Symbol(cotangents) === :Zygote && return unwritten(system)
    Symbol(cotangents) === :translated || return ODEFunction{true,FullSpecialize}(f.value)
    gu, gp = zeros(T, system.states), zeros(T, system.params)
    back = PySciML.Adjoints.inplace(system.drift, Val(:vjp), system.params)
    vjp(out, w, u, p, t) = (back(out, gp, u, p, t, w); nothing)
    vjp_p(out, w, u, p, t) = (back(gu, out, u, p, t, w); nothing)
    jac = haskey(f, :jac) ? (; f.jac) : (;)
    return ODEFunction{true,FullSpecialize}(f.value; vjp, vjp_p, jac...)
end

# Zygote does not differentiate functions that write into arrays.
function unwritten(system)
    haskey(system.drift.values, :value) || throw(ArgumentError(
        "$(system.name) is large, so its functions write into arrays, which Zygote does not " *
        "differentiate; take vjp=:ReverseDiff",
    ))
    value = system.drift.values.value
    return ODEFunction{false,FullSpecialize}((u, p, t) -> [value(u, p, t)...])
end

function PySciML.Adjoints.native_gradient_by(
    system::System{T}, cotangents, u0, p, times; sensealg=:InterpolatingAdjoint, vjp=:translated,
    solver=Tsit5(), rtol=1e-8, atol=1e-10,
) where {T}
    tolerances = (; reltol=T(rtol), abstol=T(atol))
    span, u0, p = (T(times[1]), T(times[end])), Vector{T}(u0), Vector{T}(p)
    problem = ODEProblem(rates(system, vjp), u0, span, p)
    if Symbol(sensealg) === :ForwardDiffSensitivity
        n = length(u0)
        function total(x)
            moved = remake(problem; u0=x[1:n], p=x[(n + 1):end])
            states = solve(moved, solver; saveat=times, tolerances...).u
            return sum(sum(w .* u) for (w, u) in zip(eachcol(cotangents), states))
        end
        found = ForwardDiff.gradient(total, [u0; p])
        return (; u0=found[1:n], p=found[(n + 1):end])
    end
    method = adjoint(sensealg, vjp)
    solution = solve(problem, solver; tolerances...)
    discrete(out, u, p, t, i) = (out .= view(cotangents, :, i); nothing)
    by_u, by_p = adjoint_sensitivities(
        solution, solver; t=times, dgdu_discrete=discrete, sensealg=method, tolerances...
    )
    return (; u0=Vector{T}(by_u), p=Vector{T}(vec(by_p)))
end

end
