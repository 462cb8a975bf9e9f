export GradientPlan, gradient, gradient!

"""
    recorded_steps(system, u0, p, times; rtol=1e-6, atol=1e-9)

The times at which steps of Tsit5 begin and end that keep within tolerances from `times[1]` to
`times[end]`.
"""
function recorded_steps(system::System{T}, u0, p, times; rtol=1e-6, atol=1e-9) where {T}
    start, finish = T(times[1]), T(times[end])
    drift = system.drift.inplace.value
    rate(du, u, p, t) = (drift(du, u, p, t); nothing)
    problem =
        ODEProblem{true,FullSpecialize}(rate, Vector{T}(u0), (start, finish), Vector{T}(p))
    solver = init(
        problem, Tsit5(); reltol=T(rtol), abstol=T(atol), save_everystep=false, dense=false
    )
    steps = [start]
    while steps[end] < finish
        step!(solver)
        solver.sol.retcode in (ReturnCode.Default, ReturnCode.Success) || throw(ErrorException(
            "the solution of $(system.name) stopped at t = $(solver.t): $(solver.sol.retcode)",
        ))
        push!(steps, solver.t)
    end
    return steps
end

"""
    GradientPlan(system, times; steps)

Room for gradients of a function of the states at `times`, solved by Tsit5. `steps` are the times at
which its steps begin and end, or how many of equal length there are.
"""
function GradientPlan(system::System, times; steps)
    steps isa Integer && (steps = range(times[1], times[end]; length=steps + 1))
    return DenseSweep(system, steps, times)
end

"""
    gradient!(gu0, gp, plan, cotangent!, u0, p)

Solve from `u0` with parameters `p` and write the gradient of a function of the states; give its
value. `cotangent!(w, states)` writes the cotangents of the states, a matrix (states, times), and
returns the value. Nothing is allocated. The plan's system must be older than the caller, see
`Base.invokelatest`.
"""
function gradient!(gu0, gp, plan::DenseSweep, cotangent!::F, u0, p) where {F}
    states = forward!(plan, u0, p)
    value = cotangent!(plan.cotangents, states)
    backward!(gu0, gp, plan, plan.cotangents)
    return value
end

"""
    gradient(system, cotangent!, u0, p, times; steps=nothing, rtol=1e-6, atol=1e-9)

Solve an ordinary equation by Tsit5 and differentiate a function of the states at `times`: give
`(; value, u0, p)`, the value and its derivatives. `cotangent!` is as in [`gradient!`](@ref), or a
matrix (states, times) of cotangents, for which no value is known.

The gradient is that of the numbers that were computed (a discrete adjoint), whose steps count as
constants: those given as `steps`, times or their count; else those that keep within the
tolerances.

# Examples
```jldoctest
julia> text = "drift!(du, u, p, t) = (du[1] = -p[1] * u[1]; nothing)
               drift_vjp!(gu, gp, u, p, t, w) =
                   (gu[1] = -p[1] * w[1]; gp[1] = -u[1] * w[1]; nothing)";

julia> styles = Dict("drift" => "loops", "drift_vjp" => "loops");

julia> decay = System(text; states=1, params=1, styles);

julia> found = gradient(decay, [0.0 1.0], [1.0], [2.0], [0.0, 1.0]; steps=20);

julia> isapprox(found.p[1], -exp(-2); rtol=1e-6)
true
```
"""
function gradient(
    system::System{T}, cotangent, u0, p, times; steps=nothing, rtol=1e-6, atol=1e-9
) where {T}
    system.diffusion === nothing || throw(ArgumentError(
        "$(system.name) has noise: use solve_with_pullback, whose steps are fixed",
    ))
    return Base.invokelatest() do
        chosen = @something steps recorded_steps(system, u0, p, times; rtol, atol)
        plan = GradientPlan(system, times; steps=chosen)
        gu0, gp = zeros(T, system.states), zeros(T, system.params)
        given(w, _) = (copyto!(w, cotangent); nothing)
        value = gradient!(gu0, gp, plan, cotangent isa AbstractMatrix ? given : cotangent, u0, p)
        return (; value, u0=gu0, p=gp)
    end
end
