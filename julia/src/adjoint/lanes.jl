# Steps of one lane, as tuples of numbers that stay in registers: a loop over lanes around them
# becomes vector instructions.

"Give `u + Σ c k`, element by element."
@generated function combine(u::NTuple{N,Any}, cs::NTuple{K,Any}, ks::NTuple{K,Any}) where {N,K}
    sums = [
        foldl((sum, k) -> :(muladd(cs[$k], ks[$k][$i], $sum)), 1:K; init=:(u[$i])) for i in 1:N
    ]
    return :(Base.@_inline_meta; @inbounds ($(sums...),))
end

"Give `Σ c k`, element by element."
@generated function combine(cs::NTuple{K,Any}, ks::NTuple{K,NTuple{N,Any}}) where {N,K}
    sums = [
        foldl((sum, k) -> :(muladd(cs[$k], ks[$k][$i], $sum)), 2:K; init=:(cs[1] * ks[1][$i]))
        for i in 1:N
    ]
    return :(Base.@_inline_meta; @inbounds ($(sums...),))
end

# Amplitudes times increments, and what cotangents of this product are for the amplitudes. General
# noise has its amplitudes source by source.
@inline shake(::Val{:diagonal}, g::NTuple{N,T}, dw) where {N,T} = ntuple(i -> g[i] * dw[i], Val(N))
@inline shake(::Val{:scalar}, g::NTuple{N,T}, dw) where {N,T} = ntuple(i -> g[i] * dw[1], Val(N))
@generated function shake(::Val{:general}, g::NTuple{L,T}, dw::NTuple{M,T}) where {L,M,T}
    N = L ÷ M
    sums = [Expr(:call, :+, (:(g[$(i + (m - 1) * N)] * dw[$m]) for m in 1:M)...) for i in 1:N]
    return :(Base.@_inline_meta; @inbounds ($(sums...),))
end
@inline unshake(::Val{:diagonal}, w::NTuple{N,T}, dw) where {N,T} = ntuple(i -> w[i] * dw[i], Val(N))
@inline unshake(::Val{:scalar}, w::NTuple{N,T}, dw) where {N,T} = ntuple(i -> w[i] * dw[1], Val(N))
@generated function unshake(::Val{:general}, w::NTuple{N,T}, dw::NTuple{M,T}) where {N,M,T}
    return :(Base.@_inline_meta; @inbounds ($((:(w[$i] * dw[$m]) for m in 1:M for i in 1:N)...),))
end

symbols(letter, s) = [Symbol(letter, i) for i in 1:s]

# The stages of a step: expressions that set y_i, f_i and g_i.
function stages(tab, T, noisy)
    s = length(tab.a)
    y, f, g = symbols(:y, s), symbols(:f, s), symbols(:g, s)
    body = Expr[]
    for i in 1:s
        terms = Any[(:(h * $(T(tab.A[i, j]))), f[j]) for j in 1:(i-1) if tab.A[i, j] != 0]
        noisy && append!(terms, [(T(tab.B[i, j]), g[j]) for j in 1:(i-1) if tab.B[i, j] != 0])
        push!(body, :($(y[i]) = $(combined(:u, terms))))
        push!(body, :($(symbols(:t, s)[i]) = muladd($(T(tab.c[i])), h, t)))
        Schemes.uses(tab.A, tab.a, i) &&
            push!(body, :($(f[i]) = @inline drift($(y[i]), p, $(symbols(:t, s)[i]))))
        noisy && Schemes.uses(tab.B, tab.b, i) && push!(
            body, :($(g[i]) = shake(kind, (@inline diffusion($(y[i]), p, $(symbols(:t, s)[i]))), dw))
        )
    end
    return body
end

combined(u, terms) =
    isempty(terms) ? u : :(combine($u, ($(first.(terms)...),), ($(last.(terms)...),)))

"Take one step of one lane."
@generated function lane_step(
    ::S, drift, diffusion, kind, u::NTuple{N,T}, p, t::T, h::T, dw
) where {S<:Schemes.Scheme,N,T}
    tab, noisy = Schemes.tableau(S), diffusion !== Nothing
    s = length(tab.a)
    terms = Any[(:(h * $(T(tab.a[i]))), symbols(:f, s)[i]) for i in 1:s if tab.a[i] != 0]
    noisy && append!(terms, [(T(tab.b[i]), symbols(:g, s)[i]) for i in 1:s if tab.b[i] != 0])
    return quote
        Base.@_inline_meta
        $(stages(tab, T, noisy)...)
        return $(combined(:u, terms))
    end
end

added(names) = length(names) == 1 ? names[1] : :(sum_of($(names...)))

"Take the cotangent `w` of one step of one lane back: those of the state and of the parameters."
@generated function lane_back(
    ::S, drift, diffusion, drift_vjp, diffusion_vjp, kind, u::NTuple{N,T}, p, t::T, h::T, dw, w
) where {S<:Schemes.Scheme,N,T}
    tab, noisy = Schemes.tableau(S), diffusion !== Nothing
    s = length(tab.a)
    y, m, times = symbols(:y, s), symbols(:m, s), symbols(:t, s)
    body = stages(tab, T, noisy)
    cotangents, parameters = Any[], Any[]  # names of all that is to be added up
    for i in s:-1:1
        own = Any[]
        for (on, A, a, vjp, scale) in (
            (true, tab.A, tab.a, :drift_vjp, :h), (noisy, tab.B, tab.b, :diffusion_vjp, nothing)
        )
            on && Schemes.uses(A, a, i) || continue
            terms = Any[(T(a[i]), :w)]
            filter!(term -> term[1] != 0, terms)
            append!(terms, [(T(A[j, i]), m[j]) for j in (i+1):s if A[j, i] != 0])
            factor = c -> scale === nothing ? c : :(h * $c)
            weights = :(combine(($(factor.(first.(terms))...),), ($(last.(terms)...),)))
            scale === nothing && (weights = :(unshake(kind, $weights, dw)))
            gu, gp = Symbol(:gu, vjp, i), Symbol(:gp, vjp, i)
            push!(body, :(($gu, $gp) = @inline $vjp($(y[i]), p, $(times[i]), $weights)))
            push!(own, gu)
            push!(parameters, gp)
        end
        push!(body, :($(m[i]) = $(added(own))))
        push!(cotangents, m[i])
    end
    return quote
        Base.@_inline_meta
        $(body...)
        return $(added([:w; cotangents])), $(added(parameters))
    end
end

@generated function sum_of(xs::NTuple{N,Any}...) where {N}
    sums = [Expr(:call, :+, (:(xs[$k][$i]) for k in 1:length(xs))...) for i in 1:N]
    return :(Base.@_inline_meta; @inbounds ($(sums...),))
end
