# Sweeps of one lane after the other, for systems whose functions work in place.

"Work arrays of steps of one lane."
struct StepWork{T}
    u::Vector{T}
    p::Vector{T}
    dw::Vector{T}
    y::Matrix{T}  # stages, column by column, and so on
    f::Matrix{T}
    s::Matrix{T}  # amplitudes times increments
    m::Matrix{T}  # cotangents of the stages
    g::Vector{T}
    w::Vector{T}
    wg::Vector{T}
    gu::Vector{T}
    gp::Vector{T}
    λ::Vector{T}
end

function StepWork{T}(s, n, m, sources, amplitudes) where {T}
    column(k) = Vector{T}(undef, k)
    stage() = Matrix{T}(undef, n, s)
    return StepWork{T}(
        column(n), column(m), column(sources), stage(), stage(), stage(), stage(),
        column(amplitudes), column(n), column(amplitudes), column(n), column(m), column(n),
    )
end

shake!(s, ::Val{:diagonal}, g, dw) = (@. s = g * dw)
shake!(s, ::Val{:scalar}, g, dw) = (s .= g .* dw[1])
function shake!(s, ::Val{:general}, g, dw)
    n = length(s)
    fill!(s, 0)
    @inbounds for m in eachindex(dw), i in 1:n
        s[i] = muladd(g[i+(m-1)*n], dw[m], s[i])
    end
    return s
end
unshake!(wg, ::Val{:diagonal}, w, dw) = (@. wg = w * dw)
unshake!(wg, ::Val{:scalar}, w, dw) = (wg .= w .* dw[1])
function unshake!(wg, ::Val{:general}, w, dw)
    n = length(w)
    @inbounds for m in eachindex(dw), i in 1:n
        wg[i+(m-1)*n] = w[i] * dw[m]
    end
    return wg
end

@inline function axpy!(y, a, x)
    @inbounds @simd ivdep for i in eachindex(y, x)
        y[i] = muladd(a, x[i], y[i])
    end
    return nothing
end

# Set the stages of the step that starts at `work.u`.
function stages!(work::StepWork{T}, tab, drift::F, diffusion::G, kind, t, h) where {F,G,T}
    (; u, p, dw, y, f, s, g) = work
    for i in eachindex(tab.a)
        yi = view(y, :, i)
        copyto!(yi, u)
        for j in 1:(i-1)
            tab.A[i, j] == 0 || axpy!(yi, h * T(tab.A[i, j]), view(f, :, j))
            diffusion === nothing || tab.B[i, j] == 0 || axpy!(yi, T(tab.B[i, j]), view(s, :, j))
        end
        at = muladd(T(tab.c[i]), h, t)
        Schemes.uses(tab.A, tab.a, i) && drift(view(f, :, i), yi, p, at)
        if diffusion !== nothing && Schemes.uses(tab.B, tab.b, i)
            diffusion(g, yi, p, at)
            shake!(view(s, :, i), kind, g, dw)
        end
    end
    return nothing
end

function load!(work, path, p, dW, lane, k)
    @inbounds for i in eachindex(work.u)
        work.u[i] = path[lane, i, k]
    end
    dW === nothing && return nothing
    @inbounds for i in eachindex(work.dw)
        work.dw[i] = dW[lane, i, k]
    end
    return nothing
end
load_parameters!(work, p::AbstractVector, lane) = copyto!(work.p, p)
load_parameters!(work, p::AbstractMatrix, lane) = copyto!(work.p, view(p, lane, :))

function forward_vectors!(
    path, work, tab, drift::F, diffusion::G, kind, p, grid::Grid{T}, dW
) where {F,G,T}
    for lane in axes(path, 1)
        load_parameters!(work, p, lane)
        for k in 1:length(grid)
            t, h = step_of(grid, k)
            load!(work, path, p, dW, lane, k)
            stages!(work, tab, drift, diffusion, kind, t, h)
            for i in eachindex(tab.a)
                tab.a[i] == 0 || axpy!(work.u, h * T(tab.a[i]), view(work.f, :, i))
                diffusion === nothing || tab.b[i] == 0 ||
                    axpy!(work.u, T(tab.b[i]), view(work.s, :, i))
            end
            @inbounds for i in eachindex(work.u)
                path[lane, i, k+1] = work.u[i]
            end
        end
    end
    return nothing
end

function backward_vectors!(
    gu, gp, cotangents, path, work::StepWork{T}, tab, drift::F, diffusion::G, drift_vjp::FB,
    diffusion_vjp::GB, kind, p, grid, dW,
) where {T,F,G,FB,GB}
    λ = work.λ
    for lane in axes(path, 1)
        load_parameters!(work, p, lane)
        fill!(λ, 0)
        total = view(gp, size(gp, 1) == 1 ? 1 : lane, :)
        for k in length(grid):-1:1
            t, h = step_of(grid, k)
            place = saved(grid, k)
            place === nothing || axpy!(λ, one(T), view(cotangents, lane, :, place))
            load!(work, path, p, dW, lane, k)
            stages!(work, tab, drift, diffusion, kind, t, h)
            back!(total, work, tab, drift_vjp, diffusion_vjp, kind, t, h)
        end
        axpy!(λ, one(T), view(cotangents, lane, :, 1))
        copyto!(view(gu, lane, :), λ)
    end
    return nothing
end

# Take the cotangent `work.λ` of a step back; its stages have been set.
function back!(
    total, work::StepWork{T}, tab, drift_vjp::FB, diffusion_vjp::GB, kind, t, h
) where {T,FB,GB}
    (; p, dw, y, m, w, wg, gu, gp, λ) = work
    s = length(tab.a)
    for i in s:-1:1
        at, yi, mi = muladd(T(tab.c[i]), h, t), view(y, :, i), view(m, :, i)
        fill!(mi, 0)
        if Schemes.uses(tab.A, tab.a, i)
            weigh!(w, λ, m, tab.A, tab.a, i)
            w .*= h
            drift_vjp(gu, gp, yi, p, at, w)
            axpy!(mi, one(T), gu)
            axpy!(total, one(T), gp)
        end
        if diffusion_vjp !== nothing && Schemes.uses(tab.B, tab.b, i)
            weigh!(w, λ, m, tab.B, tab.b, i)
            unshake!(wg, kind, w, dw)
            diffusion_vjp(gu, gp, yi, p, at, wg)
            axpy!(mi, one(T), gu)
            axpy!(total, one(T), gp)
        end
    end
    for i in 1:s
        axpy!(λ, one(T), view(m, :, i))
    end
    return nothing
end

function weigh!(w::Vector{T}, λ, m, A, a, i) where {T}
    @. w = T(a[i]) * λ
    for j in (i+1):size(A, 1)
        A[j, i] == 0 || axpy!(w, T(A[j, i]), view(m, :, j))
    end
    return w
end
