# The drift of a system in the forms that solvers call, with `Given` for parameters: out of place
# with static vectors for small systems, compiled into the solver; in place for others, behind a
# wrapper that hides which model it is, so that the solver is compiled once for all of them.
using FunctionWrappers: FunctionWrapper
using SciMLBase: ODEFunction, FullSpecialize
using StaticArrays: SMatrix, SVector

const STATIC = 8  # states up to which vectors are static

const Rate{T} = FunctionWrapper{Nothing,Tuple{Vector{T},Vector{T},Given{T},T}}
const Slope{T} = FunctionWrapper{Nothing,Tuple{Matrix{T},Vector{T},Given{T},T}}

"Tell whether a system is small enough for static vectors."
is_static(s::System) =
    s.states <= STATIC && all(in(keys(s.drift.values)), (:value, :jac, :jvp, :tgrad))

struct StaticRate{N,T,F}
    f::F
end
StaticRate{N,T}(f::F) where {N,T,F} = StaticRate{N,T,F}(f)
@inline (r::StaticRate{N,T})(u, g, t) where {N,T} = SVector{N,T}(r.f(u, at_time(g, t), t))

struct StaticSlope{N,T,L,F}
    f::F
end
StaticSlope{N,T}(f::F) where {N,T,F} = StaticSlope{N,T,N * N,F}(f)
@inline (r::StaticSlope{N,T,L})(u, g, t) where {N,T,L} =
    SMatrix{N,N,T,L}(r.f(u, at_time(g, t), t))

# By time, which reaches the rates through the courses of inputs too.
struct StaticByTime{N,T,F,G}
    tgrad::F
    jvp::G
end
StaticByTime{N,T}(f::F, g::G) where {N,T,F,G} = StaticByTime{N,T,F,G}(f, g)
@inline function (r::StaticByTime{N,T})(u, g, t) where {N,T}
    p = at_time(g, t)
    plain = SVector{N,T}(r.tgrad(u, p, t))
    isempty(g.courses) && return plain
    return plain + SVector{N,T}(r.jvp(u, p, t, zero(u), rates!(g, t)))
end

"The drift of a system as an `ODEFunction` of SciML, with its derivatives."
function rates(s::System{T}) where {T}
    is_static(s) && return static_rates(s, Val(s.states))
    f = s.drift.inplace
    value = Rate{T}((du, u, g, t) -> (f.value(du, u, at_time(g, t), t); nothing))
    jac = Slope{T}((J, u, g, t) -> (f.jac(J, u, at_time(g, t), t); nothing))
    tgrad = Rate{T}(by_time(s))
    return ODEFunction{true,FullSpecialize}(value; jac, tgrad)
end

function static_rates(s::System{T}, ::Val{N}) where {T,N}
    f = s.drift.values
    return ODEFunction{false,FullSpecialize}(
        StaticRate{N,T}(f.value);
        jac=StaticSlope{N,T}(f.jac),
        tgrad=StaticByTime{N,T}(f.tgrad, f.jvp),
    )
end

function by_time(s::System{T}) where {T}
    f, more = s.drift.inplace, zeros(T, s.states)
    return function (du, u, g, t)
        p = at_time(g, t)
        f.tgrad(du, u, p, t)
        isempty(g.courses) && return nothing
        f.jvp(more, u, p, t, g.still, rates!(g, t))
        du .+= more
        return nothing
    end
end

"A state in the form that the solver of a system takes."
initial(s::System{T}, u) where {T} = is_static(s) ? SVector{s.states,T}(u) : Vector{T}(u)
