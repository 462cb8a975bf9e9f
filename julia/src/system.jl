export Field, System

"""
    Field(inplace, values)

One of the functions of a system with its derivatives, as the translator writes them.

`inplace` holds methods that write into their first arguments: `value(du, u, p, t)`,
`jac(J, u, p, t)`, `jvp(du, u, p, t, v, q)`, `vjp(gu, gp, u, p, t, w)` and, for the drift,
`tgrad(du, u, p, t)`. `values` holds methods of the same names that return tuples; it is empty for
large systems.
"""
struct Field{I<:NamedTuple,V<:NamedTuple}
    inplace::I
    values::V
end

"""
    Cached(f, Cache, T)

A function with the work arrays that it takes as its last argument. Numbers of another type than
`T`, such as dual numbers, get arrays of their own.
"""
struct Cached{F,K,C}
    f::F
    make::K
    cache::C
end

Cached(f, make, ::Type{T}) where {T} = Cached(f, make, make(T))

(c::Cached)(out, args...) = c.f(out, args..., work(c, eltype(out)))

work(c::Cached, ::Type{T}) where {T} = work(c.cache, c.make, T)
work(cache, make, ::Type{T}) where {T} = has(cache, T) ? cache : make(T)
@generated has(::C, ::Type{T}) where {C,T} = C.parameters[1] === T

"""
    fresh(system)

The same system with work arrays of its own, for another task.
"""
fresh(c::Cached) = Cached(c.f, c.make, c.make(typeof(c.cache).parameters[1]))
fresh(f) = f
fresh(f::Field) = Field(map(fresh, f.inplace), f.values)

"""
    Event(name, condition, tangent, reset, direction, stops)

What happens where `condition(u, p, t)` crosses zero, up (1), down (-1) or both ways (0): `reset`
gives the new state, if any, and the solution may stop. `tangent(u, p, t, v, q, s)` is the change of
the condition with changes `v`, `q` and `s` of its arguments. An event at known times has neither.
"""
struct Event{C,D,R}
    name::String
    condition::C
    tangent::D
    reset::R
    direction::Int
    stops::Bool
end

fresh(e::Event) = Event(
    e.name, fresh(e.condition), fresh(e.tangent), fresh(e.reset), e.direction, e.stops
)

"""
    System(text; name, states, params, T, styles, caches, noise, calculus, sources, events, sparsity)

A dynamical system from the source of its translated functions.

`u` has `states` elements, and `p` has `params`: parameters, then inputs; all are of type `T`, or of
that of this name.
`styles` says of every function in `text` whether it is `"scalar"`, with a method in place and one
that returns a tuple, or `"loops"`, in place alone; those named in `caches` take a cache last.
`noise` is `:none`, `:scalar`, `:diagonal` or `:general`, `sources` the count of its Wiener
processes, `calculus` `:ito` or `:stratonovich`. `events` are tuples `(name, direction, stops)`;
the functions of the i-th are `condition_i` and `condition_i_jvp`, where it has a condition, and
`reset_i`. `sparsity` is the pattern `(starts, rows)` of a Jacobian of which `drift_jac!` gives the
elements in it, counted from 0; see [`SparseJacobian`](@ref), [`Field`](@ref) and [`Event`](@ref).

The text is evaluated in a module of its own, so a system that has just been made is to be used
through `Base.invokelatest`.
"""
struct System{T,D<:Field,N<:Union{Nothing,Field},E<:Tuple}
    name::String
    states::Int
    params::Int
    drift::D
    diffusion::N
    noise::Symbol
    calculus::Symbol
    sources::Int
    events::E
    made::Dict{Symbol,Any}  # for solves, from one to the next

    System{T,D,N,E}(name, states, params, drift, diffusion, noise, calculus, sources, events) where {
        T,D,N,E
    } = new{T,D,N,E}(
        name, states, params, drift, diffusion, noise, calculus, sources, events, Dict{Symbol,Any}()
    )
end

function System(
    text::AbstractString;
    name="model",
    states,
    params,
    T=Float64,
    styles,
    caches=(),
    noise=:none,
    calculus=:ito,
    sources=0,
    events=(),
    sparsity=nothing,
)
    noise, calculus = Symbol(noise), Symbol(calculus)
    T = T isa Type ? T : getfield(Base, Symbol(T))
    read = Reader(text, T, styles, caches)
    drift = sparse_jacobian(Field(read, "drift"), sparsity, T)
    diffusion = noise === :none ? nothing : Field(read, "diffusion")
    made = Tuple(Event(read, i, event...) for (i, event) in enumerate(events))
    return System{T,typeof(drift),typeof(diffusion),typeof(made)}(
        name, states, params, drift, diffusion, noise, calculus, sources, made
    )
end

function fresh(s::System{T}) where {T}
    drift, diffusion, events = fresh(s.drift), fresh(s.diffusion), map(fresh, s.events)
    return System{T,typeof(drift),typeof(diffusion),typeof(events)}(
        s.name, s.states, s.params, drift, diffusion, s.noise, s.calculus, s.sources, events
    )
end

Base.eltype(::System{T}) where {T} = T

# Finds the functions of a model in the module that holds them.
struct Reader
    home::Module
    T::Type
    styles::Dict{String,String}
    caches::Set{String}
end

function Reader(text::AbstractString, T, styles, caches)
    home = new_module(:TranslatedModel)
    Core.eval(home, :(using ..Base; const Semantics = $Semantics))
    for symbol in names(Semantics; all=true)
        Base.isidentifier(symbol) && symbol ∉ (:Semantics, :eval, :include) &&
            Core.eval(home, :(const $symbol = $(getfield(Semantics, symbol))))
    end
    Base.include_string(home, text, "translated model")
    return Reader(home, T, Dict{String,String}(styles), Set{String}(caches))
end

# While a package is compiled, modules that are no part of it are closed; for the workload of
# PySciML (see precompile.jl) a module within it serves.
function new_module(name)
    ccall(:jl_generating_output, Cint, ()) == 0 && return Module(name)
    return Core.eval(PySciML, Expr(:module, true, gensym(name), Expr(:block)))
end

"""
    Field(text, name; T, styles, caches)

The function `name` with its derivatives from the source of a translated function: an observation
or a loss. Its results go into a vector, `value(y, args...)`, even where they are one number.
"""
Field(text::AbstractString, name; T=Float64, styles, caches=()) =
    Field(Reader(text, T, styles, caches), name)

function inplace(read::Reader, name)
    f = Core.eval(read.home, Symbol(name, "!"))
    name in read.caches || return f
    cache = join(uppercasefirst.(split(name, "_"))) * "Cache"
    return Base.invokelatest(Cached, f, Core.eval(read.home, Symbol(cache)), read.T)
end

value(read::Reader, name) = Core.eval(read.home, Symbol(name))

function Field(read::Reader, name)
    parts = [:value => name]
    for part in (:jac, :jvp, :vjp, :tgrad)
        haskey(read.styles, "$(name)_$part") && push!(parts, part => "$(name)_$part")
    end
    scalar = [part => full for (part, full) in parts if read.styles[full] == "scalar"]
    return Field(
        NamedTuple(part => inplace(read, full) for (part, full) in parts),
        NamedTuple(part => value(read, full) for (part, full) in scalar),
    )
end

function Event(read::Reader, i, name, direction, stops)
    found(part) = haskey(read.styles, part) ? number(read, part) : nothing
    reset = "reset_$i"
    return Event(
        name,
        found("condition_$i"),
        found("condition_$(i)_jvp"),
        haskey(read.styles, reset) ? inplace(read, reset) : nothing,
        direction,
        stops,
    )
end

# A function that gives a number; one in loops writes it into a vector of one element.
struct InLoops{T,F}
    f::F
    out::Vector{T}
end
(n::InLoops)(args...) = (n.f(n.out, args...); n.out[1])
fresh(n::InLoops{T}) where {T} = InLoops(fresh(n.f), zeros(T, 1))

function number(read::Reader, name)
    read.styles[name] == "scalar" && return value(read, name)
    return InLoops(inplace(read, name), zeros(read.T, 1))
end
