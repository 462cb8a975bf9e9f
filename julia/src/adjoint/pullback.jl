export solve_with_pullback

"""
    solve_with_pullback(system, u0, p, times, substeps, increments=nothing; scheme)

Solve a batch with fixed steps, and give `(states, pullback)`.

`u0` is a matrix (batch, states); `p` a vector that all trajectories share, or a matrix
(batch, params); between two `times` are `substeps` steps of equal length. `increments` are those
of the Wiener processes, an array (batch, sources, steps), or `nothing` for an equation without
noise. `scheme` is `:EulerMaruyama`, `:EulerHeun`, `:Heun`, or without noise `:Euler`, `:Heun` or
`:RK4`.

`states` is an array (batch, states, times). `pullback(cotangents)`, given an array of the same
shape, gives `(gu0, gp)`: the discrete adjoint, that is the exact gradient of the numbers that were
computed, for the initial states and for the parameters in the shape of `p`. Noise is held fixed.

All numbers are of the element type of `u0`. Functions that return tuples run over the whole batch
in vector instructions; others in place, one trajectory after the other.

```julia
states, pullback = solve_with_pullback(system, u0, p, 0:0.1:5, 1; scheme=:RK4)
gu0, gp = pullback(2 .* (states .- data))
```
"""
function solve_with_pullback(
    system::System,
    u0::AbstractMatrix{T},
    p::AbstractVecOrMat,
    times,
    substeps::Integer,
    increments=nothing;
    scheme=default_scheme(system),
) where {T}
    sweep = fixed_sweep(system, Schemes.named(scheme), u0, p, times, substeps, increments)
    Base.invokelatest(forward!, sweep)
    states = sweep.path[:, :, 1:sweep.grid.substeps:end]
    pullback(cotangents) = Base.invokelatest(backward, sweep, cotangents)
    return states, pullback
end

"A solution with fixed steps: what it needs, and the state after every step."
struct FixedSweep{T,S<:System,K<:Schemes.Scheme,P<:AbstractVecOrMat{T},W,V}
    system::S
    scheme::K
    p::P
    grid::Grid{T}
    increments::W
    path::Array{T,3}
    work::V
end

function fixed_sweep(system, scheme, u0::AbstractMatrix{T}, p, times, substeps, dW) where {T}
    batch, n = size(u0)
    grid = Grid{T}(collect(T, times), Int(substeps))
    noise = system.diffusion
    n == system.states || throw(
        DimensionMismatch("the system has $(system.states) states, but u0 has $n columns"),
    )
    size(p)[end] == system.params || throw(
        DimensionMismatch("the system has $(system.params) parameters, but p has $(size(p)[end])"),
    )
    p isa AbstractMatrix && size(p, 1) != batch && throw(
        DimensionMismatch("u0 has $batch trajectories, but p has $(size(p, 1)) rows"),
    )
    substeps >= 1 || throw(ArgumentError("substeps must be at least 1; got $substeps"))
    if (noise === nothing) != (dW === nothing)
        throw(ArgumentError(
            noise === nothing ? "the system has no noise: leave out the increments" :
            "the system has noise: give increments (batch, sources, steps)",
        ))
    end
    T === eltype(system) || throw(ArgumentError(
        "the functions of $(system.name) are written for $(eltype(system)), but u0 holds $T",
    ))
    issorted(grid.times; lt=<=) || throw(ArgumentError("times must increase"))
    Base.invokelatest(check, scheme, system, u0, p, grid.times[1])
    if dW !== nothing
        size(dW) == (batch, system.sources, length(grid)) || throw(DimensionMismatch(
            "increments must be (batch, sources, steps) = " *
            "$((batch, system.sources, length(grid))); got $(size(dW))",
        ))
        dW = convert(Array{T,3}, dW)
    end
    path = Array{T,3}(undef, batch, n, length(grid) + 1)
    path[:, :, 1] .= u0
    stages = length(Schemes.tableau(scheme).a)
    work = in_lanes(system) ? nothing :
        StepWork{T}(stages, n, system.params, system.sources, amplitudes(system))
    return FixedSweep(
        system, scheme, convert(AbstractArray{T}, p), grid, dW, path, work
    )
end

# An Ito equation solved by a scheme of Stratonovich, or the other way round, is another equation,
# unless the noise is additive.
function check(scheme, system, u0, p, t)
    noise = system.diffusion
    noise === nothing && return nothing
    scheme isa Schemes.RK4 &&
        throw(ArgumentError("RK4 is for equations without noise; use Heun or EulerHeun"))
    wanted = scheme isa Schemes.EulerMaruyama ? :ito : :stratonovich
    system.calculus === wanted && return nothing
    size(u0, 1) == 0 && return nothing
    gu, gp = similar(u0, system.states), similar(u0, system.params)
    first_p = p isa AbstractMatrix ? p[1, :] : p
    w = fill!(similar(u0, amplitudes(system)), 1)
    inplace(noise, VJP, system.params)(gu, gp, u0[1, :], first_p, t, w)
    all(iszero, gu) || throw(ArgumentError(
        "$(nameof(typeof(scheme))) solves equations in the sense of $wanted, but the noise of " *
        "$(system.name) is meant in that of $(system.calculus)",
    ))
    return nothing
end

amplitudes(s::System) = s.noise === :general ? s.states * s.sources : s.states

default_scheme(system) =
    system.diffusion === nothing ? :RK4 : system.calculus === :ito ? :EulerMaruyama : :EulerHeun

sizes(sweep) = Val(sweep.system.states), Val(sweep.system.params), Val(sweep.system.sources)

function forward!(sweep::FixedSweep)
    (; system, scheme, p, grid, increments, path, work) = sweep
    kind = Val(system.noise)
    if work === nothing
        values = both(tuples, system, VALUE)
        counts = sizes(sweep)
        forward_lanes!(path, scheme, values..., kind, shared(p, counts[2]), grid, increments, counts...)
    else
        values = both(inplace, system, VALUE)
        forward_vectors!(path, work, Schemes.tableau(scheme), values..., kind, p, grid, increments)
    end
    return nothing
end

function backward(sweep::FixedSweep{T}, cotangents) where {T}
    (; system, scheme, p, grid, increments, path, work) = sweep
    batch, n = size(path, 1), system.states
    expected = (batch, n, length(grid.times))
    size(cotangents) == expected || throw(
        DimensionMismatch("cotangents must be like the states, $expected; got $(size(cotangents))"),
    )
    kind, gu = Val(system.noise), zeros(T, batch, n)
    lanes = work === nothing || p isa AbstractMatrix ? batch : 1
    gp = zeros(T, lanes, system.params)
    if work === nothing
        values, vjps = both(tuples, system, VALUE), both(tuples, system, VJP)
        counts = sizes(sweep)
        backward_lanes!(
            gu, gp, cotangents, path, scheme, values..., vjps..., kind, shared(p, counts[2]), grid,
            increments, counts...,
        )
    else
        values, vjps = both(inplace, system, VALUE), both(inplace, system, VJP)
        backward_vectors!(
            gu, gp, cotangents, path, work, Schemes.tableau(scheme), values..., vjps..., kind, p,
            grid, increments,
        )
    end
    return gu, p isa AbstractMatrix ? gp : vec(sum(gp; dims=1))
end
