# Tangents of a solution in forward mode: a system whose state is that of the model followed by its
# derivatives, so that every solver of the model solves for them too, with the same steps.
using ForwardDiff: ForwardDiff, Dual

"""
    tangent_system(system, directions)

The system of a state and of its derivatives, one after the other, along `directions`: a matrix
(params, m) of changes of the parameters. The state has `(m + 1) states` elements.

A derivative `v` along a change `q` of the parameters follows `v' = J v + f_p q`, and likewise in the
noise. A solver with the steps of the model gives the derivatives of the numbers that it computes,
its steps held fixed. At an event the derivative changes by that of its time, as the implicit
function theorem says.
"""
tangent_system(system::System, directions) =
    Base.invokelatest(make_tangent_system, system, Matrix(plain(directions)))

function make_tangent_system(s::System{T}, q::Matrix{T}) where {T}
    blocks = size(q, 2) + 1
    size(q, 1) == s.params || throw(DimensionMismatch(
        "directions must have $(s.params) rows, one per parameter; got $(size(q, 1))",
    ))
    drift = tangent_field(s.drift, s, q, :none)
    noise = s.diffusion === nothing ? nothing : tangent_field(s.diffusion, s, q, s.noise)
    kind = s.noise in (:diagonal, :general) ? :general : s.noise
    events = map(event -> tangent_event(event, s, q), s.events)
    return System{T,typeof(drift),typeof(noise),typeof(events)}(
        s.name, blocks * s.states, s.params, drift, noise, kind, s.calculus, s.sources, events
    )
end

"A function of a model and its tangents: `value(out, u, p, t)` and `jvp(out, u, p, t, v, q)`."
struct Tangents{F,G,T}
    value::F
    jvp::G
    n::Int  # states
    rows::Int  # results of `value`
    q::Matrix{T}
    kind::Symbol  # of the noise, :none for rates
    out::Vector{T}
end

fresh(f::Tangents) =
    Tangents(fresh(f.value), fresh(f.jvp), f.n, f.rows, f.q, f.kind, similar(f.out))

function tangent_field(field::Field, s::System{T}, q, kind) where {T}
    rows = kind === :general ? s.states * s.sources : s.states
    f = Tangents(field.inplace.value, field.inplace.jvp, s.states, rows, q, kind, zeros(T, rows))
    functions = (value=TangentValue(f), jvp=TangentJvp(f))
    kind === :none && (functions = (; functions..., jac=TangentJac(f), tgrad=TangentByTime(f)))
    return Field(functions, (;))
end

struct TangentValue{F<:Tangents}
    f::F
end
struct TangentJvp{F<:Tangents}
    f::F
end
struct TangentJac{F<:Tangents}
    f::F
end
struct TangentByTime{F<:Tangents}
    f::F
end
fresh(g::TangentValue) = TangentValue(fresh(g.f))
fresh(g::TangentJvp) = TangentJvp(fresh(g.f))
fresh(g::TangentJac) = TangentJac(fresh(g.f))
fresh(g::TangentByTime) = TangentByTime(fresh(g.f))

block(f::Tangents, u, j) = view(u, (j * f.n + 1):((j + 1) * f.n))
direction(f::Tangents, j) = view(f.q, :, j)

# Where the results of block j go: amplitudes of all sources stand one after the other, and each
# of diagonal noise beside zeros.
function put!(f::Tangents, out, x, j)
    n = f.n
    if f.kind === :none || f.kind === :scalar
        copyto!(block(f, out, j), x)
        return nothing
    end
    total = n * (size(f.q, 2) + 1)
    if f.kind === :diagonal
        for i in 1:n
            out[(i - 1) * total + j * n + i] = x[i]
        end
    else
        for source in 1:(length(x) ÷ n), i in 1:n
            out[(source - 1) * total + j * n + i] = x[(source - 1) * n + i]
        end
    end
    return nothing
end

function (g::TangentValue)(out, u, p, t)
    f = g.f
    f.kind === :diagonal && fill!(out, 0)
    at = block(f, u, 0)
    f.value(f.out, at, p, t)
    put!(f, out, f.out, 0)
    for j in axes(f.q, 2)
        f.jvp(f.out, at, p, t, block(f, u, j), direction(f, j))
        put!(f, out, f.out, j)
    end
    return nothing
end

dual(x, v) = Dual(x, v)
change(x::Dual) = ForwardDiff.partials(x, 1)
change(x::Real) = zero(x)

"Change of the tangents along block `j` where u, p, t and that block move along v, q, s and w."
function moved(f::Tangents, u, p, t, j, v, q, s, w)
    out = Vector{typeof(dual(t, s))}(undef, f.rows)
    at = dual.(block(f, u, 0), v)
    f.jvp(out, at, dual.(p, q), dual(t, s), dual.(block(f, u, j), w), dual.(direction(f, j), 0 .* q))
    return change.(out)
end

function (g::TangentJvp)(out, u, p, t, v, q)
    f = g.f
    f.kind === :diagonal && fill!(out, 0)
    first = block(f, v, 0)
    f.jvp(f.out, block(f, u, 0), p, t, first, q)
    put!(f, out, f.out, 0)
    for j in axes(f.q, 2)
        put!(f, out, moved(f, u, p, t, j, first, q, zero(t), block(f, v, j)), j)
    end
    return nothing
end

function (g::TangentJac)(J, u, p, t)
    f = g.f
    n, total = f.n, length(u)
    matrix = reshape(view(J, 1:(total * total)), total, total)
    fill!(matrix, 0)
    unit, none, still = zeros(eltype(u), n), zeros(eltype(u), n), zero(p)
    for k in 1:n
        unit[k] = 1
        f.jvp(f.out, block(f, u, 0), p, t, unit, still)
        matrix[1:n, k] .= f.out
        for j in axes(f.q, 2)
            rows = (j * n + 1):((j + 1) * n)
            matrix[rows, k] .= moved(f, u, p, t, j, unit, still, zero(t), none)
            matrix[rows, j * n + k] .= f.out
        end
        unit[k] = 0
    end
    return nothing
end

function (g::TangentByTime)(out, u, p, t)
    f = g.f
    none, still = zeros(eltype(u), f.n), zero(p)
    later = Vector{typeof(dual(t, one(t)))}(undef, f.rows)
    f.value(later, dual.(block(f, u, 0), none), dual.(p, still), dual(t, one(t)))
    put!(f, out, change.(later), 0)
    for j in axes(f.q, 2)
        put!(f, out, moved(f, u, p, t, j, none, still, one(t), none), j)
    end
    return nothing
end

"An event of a model in the system of its tangents."
struct TangentReset{E<:Event,F<:Tangents}
    event::E
    f::F  # rates
end
fresh(r::TangentReset) = TangentReset(fresh(r.event), fresh(r.f))

function tangent_event(e::Event, s::System, q)
    f = tangent_field(s.drift, s, q, :none).inplace.value.f
    n = s.states
    part(u) = u[1:n]
    condition = e.condition === nothing ? nothing : (u, p, t) -> e.condition(part(u), p, t)
    tangent = e.tangent === nothing ? nothing :
        (u, p, t, v, q, s) -> e.tangent(part(u), p, t, part(v), q, s)
    reset = e.reset === nothing ? nothing : TangentReset(e, f)
    return Event(e.name, condition, tangent, reset, e.direction, e.stops)
end

# With the event at time t(q), the state after it is y⁺ = R(y⁻(t), p, t) and goes on with f(y⁺):
# v⁺ = dR (v + f⁻ τ, q + p′ τ, τ) - f⁺ τ, where τ, the change of the time, keeps the condition at
# zero and p′ is the rate of what varies in time.
function reset!(r::TangentReset, out, u, p, rates, t)
    e, f = r.event, r.f
    n = f.n
    at = u[1:n]
    before, after, y = similar(at), similar(at), similar(at)
    f.value(before, at, p, t)
    e.reset(y, at, p, t)
    f.value(after, y, p, t)
    copyto!(block(f, out, 0), y)
    speed = e.condition === nothing ? one(t) : e.tangent(at, p, t, before, rates, one(t))
    for j in axes(f.q, 2)
        v, q = u[(j * n + 1):((j + 1) * n)], f.q[:, j]
        τ = e.condition === nothing ? zero(t) : -e.tangent(at, p, t, v, q, zero(t)) / speed
        changed = Vector{typeof(dual(t, τ))}(undef, n)
        e.reset(changed, dual.(at, v .+ before .* τ), dual.(p, q .+ rates .* τ), dual(t, τ))
        block(f, out, j) .= change.(changed) .- after .* τ
    end
    return nothing
end
