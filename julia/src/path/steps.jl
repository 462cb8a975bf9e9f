# The steps of lanes/steps.jl, in place: `step!(method, w, u, t, h, dw)` moves `u` from `t` on by `h`.

function step!(::Euler, w, u, t, h, _)
    u .+= h .* drift!(w.work[1], w, u, t)
    return nothing
end

function step!(::EulerMaruyama, w, u, t, h, dw)
    k, g = drift!(w.work[1], w, u, t), diffusion!(w.amplitudes[1], w, u, t)
    u .+= h .* k
    shake!(u, w, g, dw)
    return nothing
end

function step!(::EulerHeun, w, u, t, h, dw)
    k, g = drift!(w.work[1], w, u, t), diffusion!(w.amplitudes[1], w, u, t)
    predicted = w.work[2]
    predicted .= u
    shake!(predicted, w, g, dw)
    g .= (g .+ diffusion!(w.amplitudes[2], w, predicted, t + h)) ./ 2
    u .+= h .* k
    shake!(u, w, g, dw)
    return nothing
end

function step!(::Heun, w, u, t, h, dw)
    noisy = w.system.noise !== :none
    k, predicted = drift!(w.work[1], w, u, t), w.work[2]
    predicted .= u .+ h .* k
    g = w.amplitudes[1]
    noisy && shake!(predicted, w, diffusion!(g, w, u, t), dw)
    k .= (k .+ drift!(w.work[3], w, predicted, t + h)) ./ 2
    noisy && (g .= (g .+ diffusion!(w.amplitudes[2], w, predicted, t + h)) ./ 2)
    u .+= h .* k
    noisy && shake!(u, w, g, dw)
    return nothing
end

function step!(::RK4, w, u, t, h, _)
    k1, k2, k3, k4, inner = w.work
    drift!(k1, w, u, t)
    drift!(k2, w, (inner .= u .+ h / 2 .* k1), t + h / 2)
    drift!(k3, w, (inner .= u .+ h / 2 .* k2), t + h / 2)
    drift!(k4, w, (inner .= u .+ h .* k3), t + h)
    u .+= h .* ((k1 .+ 2 .* k2 .+ 2 .* k3 .+ k4) ./ 6)
    return nothing
end

function step!(::Milstein, w, u, t, h, dw)
    k, shaken, second = w.work
    g, derivative = w.amplitudes
    drift!(k, w, u, t)
    diffusion!(g, w, u, t)
    fill!(shaken, 0)
    fill!(second, 0)
    shake!(shaken, w, g, dw)
    shake!(second, w, along!(derivative, w, u, t, shaken), dw)
    if w.system.calculus === :ito
        own!(second, w, g, derivative, u, t, -h)
    end
    u .+= h .* k .+ shaken .+ second ./ 2
    return nothing
end

"Add `a` times the derivative of the amplitude of every source along itself."
function own!(out, w, g, derivative, u, t, a)
    if w.system.noise !== :general
        out .+= a .* along!(derivative, w, u, t, g)
        return nothing
    end
    n = length(u)
    for j in 1:(w.system.sources)
        range = ((j - 1) * n + 1):(j * n)
        w.work[4] .= @view g[range]
        along!(derivative, w, u, t, w.work[4])
        out .+= a .* @view derivative[range]
    end
    return nothing
end

function step!(::SRA1, w, u, t, h, draws)
    dw, area = split_draws!(w, draws)
    k1, k2, inner = w.work
    first, last = w.amplitudes
    diffusion!(first, w, u, t)
    diffusion!(last, w, u, t + h)
    drift!(k1, w, u, t)
    inner .= u .+ (h * 3 / 4) .* k1
    shake!(inner, w, last, area, oftype(h, 1.5))
    drift!(k2, w, inner, t + h * 3 / 4)
    u .+= h .* (k1 .+ 2 .* k2) ./ 3
    shake!(u, w, last, dw)
    first .-= last
    shake!(u, w, first, area)
    return nothing
end

function step!(::SRIW1, w, u, t, h, draws)
    dw, area = split_draws!(w, draws)
    twice, thrice, roots, n = w.draws[5], w.draws[6], w.draws[7], w.draws[8]
    root = sqrt(h)
    twice .= (dw .* dw .- h) ./ (2 * root)
    thrice .= dw .* (dw .* dw ./ h .- 3) ./ 6
    fill!(roots, root)
    k1, k2, inner, quarter = w.work
    g1, g2, g3, g4, mixed = w.amplitudes
    drift!(k1, w, u, t)
    diffusion!(g1, w, u, t)
    inner .= u .+ (h * 3 / 4) .* k1
    shake!(inner, w, g1, area, oftype(h, 1.5))
    drift!(k2, w, inner, t + h * 3 / 4)
    quarter .= u .+ (h / 4) .* k1
    inner .= quarter
    shake!(inner, w, g1, roots, oftype(h, 0.5))
    diffusion!(g2, w, inner, t + h / 4)
    inner .= u .+ h .* k1
    shake!(inner, w, g1, roots, -one(h))
    diffusion!(g3, w, inner, t + h)
    mixed .= -5 .* g1 .+ 3 .* g2 .+ g3 ./ 2
    inner .= quarter
    shake!(inner, w, mixed, roots)
    diffusion!(g4, w, inner, t + h / 4)
    u .+= h .* (k1 .+ 2 .* k2) ./ 3
    shake!(u, w, g1, (n .= .-dw .- twice .+ 2 .* area .- 2 .* thrice))
    shake!(u, w, g2, (n .= (4 .* (dw .+ twice .- area) .+ 5 .* thrice) ./ 3))
    shake!(u, w, g3, (n .= (2 .* (dw .- area .- thrice) .- twice) ./ 3))
    shake!(u, w, g4, thrice)
    return nothing
end

function split_draws!(w, draws)
    dw, area, m = w.draws[3], w.draws[4], length(w.draws[3])
    for j in 1:m
        dw[j] = draws[j]
        area[j] = (draws[j] + draws[m + j] / sqrt(oftype(draws[1], 3))) / 2
    end
    return dw, area
end
