# The sweep of a core on a device: one broadcast over all lanes for every step, each lane a tuple.

struct Advance{S,F,G,K,T}
    scheme::S
    drift::F
    diffusion::G
    kind::K
    t::T
    h::T
end
(a::Advance)(u, p, dw) =
    Adjoints.lane_step(a.scheme, a.drift, a.diffusion, a.kind, u, p, a.t, a.h, dw)

struct Retreat{S,F,G,FB,GB,K,T}
    scheme::S
    drift::F
    diffusion::G
    drift_vjp::FB
    diffusion_vjp::GB
    kind::K
    t::T
    h::T
end
(a::Retreat)(u, p, dw, w) = Adjoints.lane_back(
    a.scheme, a.drift, a.diffusion, a.drift_vjp, a.diffusion_vjp, a.kind, u, p, a.t, a.h, dw, w
)

# Rows of a matrix (lanes, n) as a vector of tuples, and back.
tuples_of(A::AbstractMatrix{T}, ::Val{N}) where {T,N} =
    vec(reinterpret(reshape, NTuple{N,T}, permutedims(A)))
matrix_of(rows::AbstractVector{NTuple{N,T}}) where {N,T} =
    permutedims(reshape(reinterpret(T, rows), N, :))
sums(a::NTuple{N}, b::NTuple{N}) where {N} = map(+, a, b)

function swept(system, u, p, times, substeps, draws, scheme)
    Adjoints.in_lanes(system) && system.params > 0 || throw(
        ArgumentError("$(system.name) is too large for a core on a device; train it on the CPU"),
    )
    T, scheme = eltype(u), Adjoints.Schemes.named(scheme)
    grid = Adjoints.Grid{T}(collect(T, times), substeps)
    values = Adjoints.both(Adjoints.tuples, system, Adjoints.VALUE)
    vjps = Adjoints.both(Adjoints.tuples, system, Adjoints.VJP)
    states, kind, N = Val(system.states), Val(system.noise), system.states
    p_, path = tuples_of(p, Val(system.params)), [tuples_of(u, states)]
    increments(k) = draws === nothing ? Ref(()) : tuples_of(draws[:, :, k], Val(system.sources))
    for k in 1:length(grid)
        push!(path, Advance(scheme, values..., kind, Adjoints.step_of(grid, k)...).(path[k], p_, increments(k)))
    end
    made = similar(u, size(u, 1), N, length(times))
    for k in eachindex(times)
        view(made, :, :, k) .= matrix_of(path[(k-1)*substeps+1])
    end
    function back(cotangents)
        at(k) = tuples_of(cotangents[:, :, k], states)
        w, gp = at(length(times)), nothing
        for k in length(grid):-1:1
            place = Adjoints.saved(grid, k)
            place === nothing || place == length(times) || (w = sums.(w, at(place)))
            step = Retreat(scheme, values..., vjps..., kind, Adjoints.step_of(grid, k)...)
            both_ = step.(path[k], p_, increments(k), w)
            w, by = first.(both_), last.(both_)
            gp = gp === nothing ? by : sums.(gp, by)
        end
        return matrix_of(sums.(w, at(1))), matrix_of(gp)
    end
    return made, back
end
