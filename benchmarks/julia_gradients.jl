# Run by julia_gradients.py, which writes the translated models into the folder that is given.
using BenchmarkTools, ForwardDiff, OrdinaryDiffEqTsit5, PySciML, Random, ReverseDiff
using SciMLBase, SciMLSensitivity
using Zygote: Zygote

const FOLDER = ARGS[1]
BenchmarkTools.DEFAULT_PARAMETERS.seconds = 1
read_lines(name) = filter(!isempty, readlines(joinpath(FOLDER, name)))

function translated(name; settings...)
    styles = Dict(Pair(String.(split(line, '='))...) for line in read_lines("$name.styles"))
    text = read(joinpath(FOLDER, "$name.jl"), String)
    return System(text; styles, caches=read_lines("$name.caches"), settings...)
end

ms(trial) = round(1e3 * trial; sigdigits=3)
relative(a, b) = sqrt(sum(abs2, a .- b) / sum(abs2, b))

# Lotka-Volterra with an MLP 2-32-32-2: mean square of 31 points to data.
function ude(results, system)
    rng = MersenneTwister(1)
    p = [1.3; 1.8; 0.2 .* randn(rng, 1218)]
    u0, times = [0.44249296, 4.6280594], collect(range(0, 3; length=31))
    data = 1 .+ rand(rng, 2, 31)
    loss!(w, states) = (w .= 2 .* (states .- data) ./ 62; sum(abs2, states .- data) / 62)
    function fast!(w, states)
        total = 0.0
        @inbounds @simd for i in eachindex(states)
            r = states[i] - data[i]
            w[i] = 2r / 62
            total += r * r
        end
        return total / 62
    end
    fine = gradient(system, loss!, u0, p, times; steps=300)
    gu, gp = zeros(2), zeros(1220)
    best = nothing
    for rtol in (1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6, 3e-7)
        steps = PySciML.Adjoints.recorded_steps(system, u0, p, times; rtol, atol=rtol)
        plan = GradientPlan(system, times; steps)
        gradient!(gu, gp, plan, fast!, u0, p)
        err = relative(gp, fine.p)
        err <= 1e-6 && (best = (plan, length(steps) - 1, err); break)
    end
    plan, results["ude steps"], results["ude gradient error"] = best
    results["ude pysciml"] = ms(@belapsed gradient!($gu, $gp, $plan, $fast!, $u0, $p))
    results["ude pysciml bytes"] = @allocated gradient!(gu, gp, plan, fast!, u0, p)
    results["ude pysciml, steps found too"] =
        ms(@belapsed gradient($system, $loss!, $u0, $p, $times; rtol=1e-5, atol=1e-5))
    # Native: hand-coded MLP, out of the weights in the same order.
    function rates(u, p, t)
        w1, b1 = reshape(view(p, 3:66), 2, 32)', view(p, 67:98)
        w2, b2 = reshape(view(p, 99:1122), 32, 32)', view(p, 1123:1154)
        w3, b3 = reshape(view(p, 1155:1218), 32, 2)', view(p, 1219:1220)
        n = w3 * tanh.(w2 * tanh.(w1 * u .+ b1) .+ b2) .+ b3
        return [p[1] * u[1] + n[1], -p[2] * u[2] + n[2]]
    end
    problem = ODEProblem{false}(rates, u0, (0.0, 3.0), p)
    native(p; settings...) = sum(
        abs2, Array(solve(problem, Tsit5(); p, saveat=times, reltol=1e-5, abstol=1e-5,
            settings...)) .- data,
    ) / 62
    for (name, sensealg) in (
        ("ReverseDiffAdjoint", ReverseDiffAdjoint()),
        ("Interpolating(ReverseDiffVJP)", InterpolatingAdjoint(; autojacvec=ReverseDiffVJP())),
    )
        f() = Zygote.gradient(p -> native(p; sensealg), p)[1]
        results["ude $name error"] = relative(f(), fine.p)
        results["ude $name"] = ms(@belapsed $f())
    end
    forward() = ForwardDiff.gradient(native, p)
    results["ude ForwardDiff"] = ms(@belapsed $forward())
    return nothing
end

# 256 paths of 50 steps of Euler and Maruyama; the sum of squares of the last state.
function sde(results, system)
    rng = MersenneTwister(1)
    u0, p = randn(rng, 256, 6), [ones(6); fill(0.2, 3); fill(0.1, 3)]
    dW, times = 0.1 .* randn(rng, 256, 6, 50), collect(range(0, 0.5; length=51))
    w = zeros(256, 6, 51)
    function ours()
        states, pullback = solve_with_pullback(system, u0, p, times, 1, dW)
        w[:, :, end] .= 2 .* view(states, :, :, 51)
        return pullback(w)
    end
    path, gu, gp = zeros(6, 51, 256), zeros(6), zeros(12)
    hand() = by_hand!(gp, gu, path, u0, p, dW, 0.01)
    ours()
    hand()
    results["sde difference"] = relative(ours()[2], gp)
    results["sde pysciml"] = ms(@belapsed $ours())
    results["sde by hand"] = ms(@belapsed $hand())
    dual(p) = forward_loss(u0, p, dW, 0.01)
    results["sde ForwardDiff over a loop"] = ms(@belapsed ForwardDiff.gradient($dual, $p))
    return nothing
end

# The sweep as one writes it: one path after the other, in scalars.
function by_hand!(gp, gu, path, u0, p, dW, h)
    fill!(gp, 0)
    @inbounds for lane in axes(u0, 1)
        for i in 1:6
            path[i, 1, lane] = u0[lane, i]
        end
        for k in 1:50
            mx = (path[1, k, lane] + path[2, k, lane] + path[3, k, lane]) / 3
            my = (path[4, k, lane] + path[5, k, lane] + path[6, k, lane]) / 3
            for j in 1:3
                x, y = path[j, k, lane], path[j+3, k, lane]
                grow = p[j] - x * x - y * y
                path[j, k+1, lane] =
                    x + h * (grow * x - p[3+j] * y + p[6+j] * (mx - x)) + p[9+j] * dW[lane, j, k]
                path[j+3, k+1, lane] =
                    y + h * (grow * y + p[3+j] * x + p[6+j] * (my - y)) + p[9+j] * dW[lane, j+3, k]
            end
        end
        for i in 1:6
            gu[i] = 2 * path[i, 51, lane]
        end
        for k in 50:-1:1
            mx = (path[1, k, lane] + path[2, k, lane] + path[3, k, lane]) / 3
            my = (path[4, k, lane] + path[5, k, lane] + path[6, k, lane]) / 3
            bx = h * (p[7] * gu[1] + p[8] * gu[2] + p[9] * gu[3]) / 3
            by = h * (p[7] * gu[4] + p[8] * gu[5] + p[9] * gu[6]) / 3
            for j in 1:3
                x, y, a, b = path[j, k, lane], path[j+3, k, lane], gu[j], gu[j+3]
                grow, radial = p[j] - x * x - y * y, a * x + b * y
                gp[j] += h * radial
                gp[3+j] += h * (b * x - a * y)
                gp[6+j] += h * (a * (mx - x) + b * (my - y))
                gp[9+j] += a * dW[lane, j, k] + b * dW[lane, j+3, k]
                gu[j] = a + h * (a * (grow - p[6+j]) - 2x * radial + p[3+j] * b) + bx
                gu[j+3] = b + h * (b * (grow - p[6+j]) - 2y * radial - p[3+j] * a) + by
            end
        end
    end
    return gp
end

function forward_loss(u0, p::AbstractVector{T}, dW, h) where {T}
    total = zero(T)
    @inbounds for lane in axes(u0, 1)
        u = ntuple(i -> T(u0[lane, i]), 6)
        for k in 1:50
            mx, my = (u[1] + u[2] + u[3]) / 3, (u[4] + u[5] + u[6]) / 3
            u = ntuple(6) do i
                j = mod1(i, 3)
                grow = p[j] - u[j]^2 - u[j+3]^2
                rate = i <= 3 ? grow * u[i] - p[3+j] * u[i+3] + p[6+j] * (mx - u[i]) :
                    grow * u[i] + p[3+j] * u[i-3] + p[6+j] * (my - u[i])
                u[i] + h * rate + p[9+j] * dW[lane, i, k]
            end
        end
        total += sum(abs2, u)
    end
    return total
end

# Says every figure as soon as it is known.
struct Told <: AbstractDict{String,Any}
    all::Dict{String,Any}
end
Base.setindex!(t::Told, value, key) = (println(key, ": ", value); t.all[key] = value)
Base.iterate(t::Told, state...) = iterate(t.all, state...)
Base.length(t::Told) = length(t.all)

results = Told(Dict{String,Any}())
oscillators = translated("sde"; states=6, params=12, noise=:diagonal, sources=6)
universal = translated("ude"; states=2, params=1220)
Base.invokelatest(sde, results, oscillators)
Base.invokelatest(ude, results, universal)
println("{", join(("\"$k\": $v" for (k, v) in sort!(collect(results))), ", "), "}")
