# A system as one trajectory sees it: in place, whatever its size, with inputs that vary in time.

"""
    Whole(system, given)

The field of one trajectory, with parameters, inputs and work arrays of its own; see [`Given`](@ref).
"""
struct Whole{T,S<:System{T}}
    system::S
    given::Given{T}
    work::Vector{Vector{T}}  # of the size of the state
    amplitudes::Vector{Vector{T}}  # of that of the diffusion
    draws::Vector{Vector{T}}  # of that of the increments
    still::Vector{T}  # no change of the parameters
end

function Whole(system::System{T}, given::Given{T}) where {T}
    n, m = system.states, system.sources
    wide = system.noise === :general ? n * m : n
    some(size, count) = [zeros(T, size) for _ in 1:count]
    return Whole(
        fresh(system), given, some(n, 8), some(wide, 6), some(m, 8), zero(given.values)
    )
end

@inline at!(w::Whole, t) = at_time(w.given, t)

drift!(du, w::Whole, u, t) = (w.system.drift.inplace.value(du, u, at!(w, t), t); du)
diffusion!(g, w::Whole, u, t) = (w.system.diffusion.inplace.value(g, u, at!(w, t), t); g)

"The derivative of the amplitudes along a direction."
along!(g, w::Whole, u, t, v) =
    (w.system.diffusion.inplace.jvp(g, u, at!(w, t), t, v, w.still); g)

"Add amplitudes times increments, summed over the sources."
function shake!(u, w::Whole, g, dw, factor=true)
    if w.system.noise === :diagonal
        u .+= factor .* g .* dw
    elseif w.system.noise === :scalar
        u .+= (factor * dw[1]) .* g
    else
        n = length(u)
        for j in eachindex(dw)
            u .+= (factor * dw[j]) .* @view g[((j - 1) * n + 1):(j * n)]
        end
    end
    return u
end
