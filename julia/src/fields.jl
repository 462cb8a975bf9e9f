# The drift of a system in the forms that solvers call, with `Given` for parameters: out of place
# with static vectors for small systems, in place for others. Both stand behind wrappers that hide
# which model it is, so that a solver is compiled once for all of them. Rates so short that the call
# through a wrapper shows are compiled into Tsit5 and fixed steps.
using FunctionWrappers: FunctionWrapper
using SciMLBase: ODEFunction, FullSpecialize
using StaticArrays: SMatrix, SVector

const STATIC = 8  # states up to which vectors are static
const SHORT_RATES = 4  # states up to which rates are compiled into the solver

const Rate{T} = FunctionWrapper{Nothing,Tuple{Vector{T},Vector{T},Given{T},T}}
const Slope{T,M} = FunctionWrapper{Nothing,Tuple{M,Vector{T},Given{T},T}}

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

"""
    rates(system, specialise)

The drift of a system as an `ODEFunction` of SciML, with its derivatives. Its type depends on the
model where `specialise` holds and the system is very small.
"""
function rates(s::System, specialise::Bool)
    static = is_static(s)
    into = static && specialise && s.states <= SHORT_RATES
    return get!(s.made, into ? :static_rates : :hidden_rates) do
        static || return hidden_rates(s)
        return into ? static_rates(s, Val(s.states)) : hidden_rates(s, Val(s.states))
    end
end

function hidden_rates(s::System{T}) where {T}
    f, prototype = s.drift.inplace, jac_prototype(s)
    value = Rate{T}((du, u, g, t) -> (f.value(du, u, at_time(g, t), t); nothing))
    jac = slope(prototype, T)((J, u, g, t) -> (f.jac(J, u, at_time(g, t), t); nothing))
    tgrad = Rate{T}(by_time(s))
    return ODEFunction{true,FullSpecialize}(value; jac, tgrad, jac_prototype=prototype)
end

slope(::Nothing, ::Type{T}) where {T} = Slope{T,Matrix{T}}
slope(::M, ::Type{T}) where {T,M} = Slope{T,M}

function static_rates(s::System{T}, ::Val{N}) where {T,N}
    f = s.drift.values
    return ODEFunction{false,FullSpecialize}(
        StaticRate{N,T}(f.value);
        jac=StaticSlope{N,T}(f.jac),
        tgrad=StaticByTime{N,T}(f.tgrad, f.jvp),
    )
end

function hidden_rates(s::System{T}, ::Val{N}) where {T,N}
    f, V, M = s.drift.values, SVector{N,T}, SMatrix{N,N,T,N * N}
    hidden(R, call) = FunctionWrapper{R,Tuple{V,Given{T},T}}(call)
    return ODEFunction{false,FullSpecialize}(
        hidden(V, StaticRate{N,T}(f.value));
        jac=hidden(M, StaticSlope{N,T}(f.jac)),
        tgrad=hidden(V, StaticByTime{N,T}(f.tgrad, f.jvp)),
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
