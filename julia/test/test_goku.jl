using LinearAlgebra: dot
using PySciML: Goku
using PySciML.Goku: LuxCore
using Random: Xoshiro

# A stochastic oscillator with a cubic drift, its derivatives written by hand.
const CUBIC = """
drift(u, p, t) =
    ((p[1] - u[1]^2 - u[2]^2) * u[1] - p[2] * u[2], (p[1] - u[1]^2 - u[2]^2) * u[2] + p[2] * u[1])
function drift_vjp(u, p, t, w)
    x, y = u
    r, along = p[1] - x^2 - y^2, w[1] * x + w[2] * y
    return (
        (r * w[1] + p[2] * w[2] - 2x * along, r * w[2] - p[2] * w[1] - 2y * along),
        (along, w[2] * x - w[1] * y, zero(r)),
    )
end
function drift!(du, u, p, t)
    du .= drift(u, p, t)
    return nothing
end
function drift_vjp!(gu, gp, u, p, t, w)
    a, b = drift_vjp(u, p, t, w)
    gu .= a
    gp .= b
    return nothing
end
diffusion(u, p, t) = (p[3], p[3])
diffusion_vjp(u, p, t, w) = ((zero(p[3]), zero(p[3])), (zero(p[3]), zero(p[3]), w[1] + w[2]))
function diffusion!(du, u, p, t)
    du .= p[3]
    return nothing
end
function diffusion_vjp!(gu, gp, u, p, t, w)
    gu .= 0
    gp .= (0, 0, w[1] + w[2])
    return nothing
end
"""

function cubic(style)
    names = ("drift", "drift_vjp", "diffusion", "diffusion_vjp")
    return System(
        CUBIC; states=2, params=3, styles=Dict(n => style for n in names), noise=:diagonal, sources=2
    )
end

const SIZES = (;
    channels=3, length=7, span=4, hidden=6, features=5, recurrent=4, latent_state=3,
    latent_params=3, state=2,
)
const RNG = Xoshiro(1)

goku_ui(style="scalar"; learned=true, settings...) = Goku.latent_model(
    cubic(style); dtype="float64", core="model", dt=0.5, infer=[1, 2], defaults=[0.5, 1.0, 0.1],
    substeps=2, learned, bounds=[-1.0 0.5; 1.0 2.0], encoder="attention", variational=true,
    carry=true, SIZES..., settings...,
)
network(core; settings...) = Goku.latent_model(
    nothing; dtype="float64", core, encoder="basic", variational=false, carry=false, SIZES..., settings...
)

# Weights as one vector, data and draws for a model.
function problem(model)
    ps = LuxCore.initialparameters(Xoshiro(2), model)
    slots, count = Goku.layout(ps)
    flat = Float64.(Goku.flatten(ps)) .+ 0.1 .* randn(Xoshiro(3), count)
    data = randn(Xoshiro(4), 3, 4, 9)
    draws = Goku.objective_draws(Xoshiro(5), model, data, 4, 2; stochastic=true, jitter=0.1)
    return flat, slots, data, draws
end
const OPTIONS = (; continuity=2.0, forecast=0.3, kl=0.5)

function gradient(model, flat, slots, data, draws)
    g = fill!(similar(flat), 0)
    terms = Goku.objective!(
        Goku.nested(g, slots), model, Goku.nested(flat, slots), data, OPTIONS, draws
    )
    return terms, g
end

@testset "gradients equal differences: $name" for (name, model) in (
    "GOKU-UI" => goku_ui(),
    "GOKU-net" => goku_ui(; encoder="basic", span=7, variational=false, learned=false),
    "latent ODE" => network("neural_ode"),
    "LSTM" => network("lstm"; encoder="attention", carry=true),
)
    flat, slots, data, draws = problem(model)
    value(v) = Goku.objective!(nothing, model, Goku.nested(v, slots), data, OPTIONS, draws).loss
    # The likelihood of learned noise is for the noise alone: its gradient stops at the jumps.
    free = trues(length(flat))
    _, g = Base.invokelatest(gradient, model, flat, slots, data, draws)
    if model.core isa Goku.ModelCore && model.core.learned
        terms(v) = Goku.objective!(nothing, model, Goku.nested(v, slots), data, OPTIONS, draws)
        plain(v) = (x = terms(v);
            x.reconstruction + 2x.continuity + 0.3x.forecast + 0.5x.kl)
        place = slots.core.log_noise.range
        free[place] .= false
        value_ = plain
    else
        value_ = value
    end
    for _ in 1:3
        d = randn(RNG, length(flat)) .* free
        h = 1e-5
        difference = (
            Base.invokelatest(value_, flat .+ h .* d) - Base.invokelatest(value_, flat .- h .* d)
        ) / 2h
        @test dot(g, d) ≈ difference rtol = 1e-6
    end
end

@testset "functions in place give the same as those with tuples" begin
    small, large = goku_ui("scalar"), goku_ui("loops")
    terms, g = Base.invokelatest(gradient, small, problem(small)...)
    others, other = Base.invokelatest(gradient, large, problem(large)...)
    @test collect(values(terms)) ≈ collect(values(others)) rtol = 1e-12
    @test g ≈ other rtol = 1e-10
end

@testset "taming: ordinary steps stay, long ones end, derivatives are exact" begin
    system = Goku.tamed(cubic("scalar"), 0.25)
    drift, vjp = system.drift.values.value, system.drift.values.vjp
    raw = cubic("scalar").drift.values.value
    p = (0.5, 1.0, 0.1)
    call(f, args...) = Base.invokelatest(f, args...)
    @test all(isapprox.(call(drift, (0.1, 0.1), p, 0.0), call(raw, (0.1, 0.1), p, 0.0); rtol=1e-5))
    for u in ((0.3, -0.2), (30.0, 40.0), (1e3, -2e3))
        rates = call(drift, u, p, 0.0)
        @test 0.25 * hypot(rates...) <= 1 + hypot(u...)
        w = (0.7, -1.3)
        gu, gp = call(vjp, u, p, 0.0, w)
        for i in 1:2
            h = 1e-6 * max(1, abs(u[i]))
            ahead, behind = (Base.setindex(u, u[i] + s * h, i) for s in (1, -1))
            slope = (call(drift, ahead, p, 0.0) .- call(drift, behind, p, 0.0)) ./ 2h
            @test gu[i] ≈ sum(w .* slope) rtol = 1e-5
        end
    end
    @test call(drift, (1e200, 0.0), p, 0.0)[1] == call(raw, (1e200, 0.0), p, 0.0)[1]
end

@testset "windows are cut and joined, and share their ends" begin
    series = randn(RNG, 2, 3, 10)
    pieces, back = Goku.cut(series, 4)
    @test pieces[:, :, 1, 4] == pieces[:, :, 2, 1] == series[:, :, 4]
    @test Goku.join!(similar(series), pieces) == series
    # The steps that two windows share are counted twice.
    @test back(one.(pieces))[1, 1, :] == [1, 1, 1, 2, 1, 1, 2, 1, 1, 1]
end

@testset "layers are those of Lux" begin
    for (layer, x) in (
        Goku.ResidualMLP(3, 5, 2) => randn(RNG, 3, 4, 6),
        Goku.LSTM(3, 4) => randn(RNG, 3, 4, 6),
        Goku.RNN(3, 4) => randn(RNG, 3, 4, 6),
        Goku.Attention(3) => randn(RNG, 3, 4, 6),
    )
        ps, st = LuxCore.setup(Xoshiro(1), layer)
        y, _ = LuxCore.apply(layer, x, ps, st)
        @test y == Goku.apply(layer, ps, x)
        @test LuxCore.parameterlength(layer) == last(Goku.layout(ps))
    end
    # Equal scores are the mean over time.
    pool, x = Goku.Attention(3), randn(RNG, 3, 4, 6)
    ps = (; score=(; weight=zeros(3, 3), bias=zeros(3)))
    @test Goku.apply(pool, ps, x) ≈ dropdims(sum(x; dims=3) ./ 6; dims=3)
end

function small_run(; settings...)
    model = Goku.latent_model(
        nothing; core="lstm", encoder="attention", variational=false, carry=false, SIZES...
    )
    time = 0:39
    series = Float32[sin(0.4t + c + s) for c in 1:3, t in time, s in 1:2]
    run = Goku.Run(
        model, series; batch=8, learning_rate=0.02, warmup=5, weight_decay=1e-4, clip=1.0,
        continuity=2.0, kl=1.0, kl_cycles=4, forecast_steps=2, forecast_weight=1.0,
        stochastic=true, flip=true, jitter=0.0, average=0.9, seed=7, updates=60, settings...,
    )
    copyto!(run.weights, Goku.flatten(LuxCore.initialparameters(Xoshiro(3), model)))
    copyto!(run.average, run.weights)
    return run
end

@testset "training lowers the loss, and goes on where it was stopped" begin
    stop = Int8[0]
    one_ = small_run()
    first_terms = Goku.epoch!(one_, 20, stop)
    one_.partial .= 0
    Goku.epoch!(one_, 20, stop)
    one_.partial .= 0
    last_terms = Goku.epoch!(one_, 20, stop)
    @test last_terms[1] < 0.5 * first_terms[1]
    # The same again, by way of a new run that is given the numbers of one after 20 updates.
    two = small_run()
    Goku.epoch!(two, 20, stop)
    three = small_run()
    for name in Goku.VECTORS
        copyto!(getfield(three, name), getfield(two, name))
    end
    Goku.set_counts!(three, two.count, two.update, two.scale, zeros(6))
    Goku.epoch!(three, 40, stop)
    @test three.weights == one_.weights
    @test three.average == one_.average
    # A wish to stop ends an epoch; going back halves the rate.
    before = copy(three.weights)
    Goku.epoch!(three, 100, Int8[1])
    @test three.update == 60
    three.partial .= 0
    Goku.epoch!(three, 3, stop)
    Goku.retry!(three)
    @test (three.weights, three.update, three.scale) == (before, 60, 0.5)
    # A run that goes on within an epoch goes back to there, and no farther.
    Goku.set_counts!(three, three.count, 60, 0.5, [0.0, 0.0, 0.0, 0.0, 0.0, 2.0])
    Goku.epoch!(three, 3, stop)
    Goku.retry!(three)
    @test (three.update, three.partial[end]) == (60, 2)
    Goku.epoch!(three, 3, stop)
    @test (three.update, three.partial[end]) == (61, 3)
end

@testset "AdamW is its definition" begin
    run = small_run(; clip=0.5, weight_decay=0.1)
    w = copy(run.weights)
    run.gradient .= 2 .* randn(Xoshiro(1), Float32, length(w))
    size = sqrt(sum(abs2, run.gradient))
    Goku.adamw!(run, size, 0.01)
    g = run.gradient .* (0.5 / size)
    # In the first step the moments over their corrections are g and g^2.
    @test run.weights ≈ w .- 0.01 .* (g ./ (abs.(g) .+ 1e-8) .+ 0.1 .* w) rtol = 1e-4
end

if Base.find_package("JLArrays") !== nothing
    using JLArrays: JLArrays, JLArray

    @testset "on a device, without scalar indexing: $name" for (name, model) in (
        "GOKU-UI" => goku_ui(), "latent ODE" => network("neural_ode")
    )
        JLArrays.allowscalar(false)
        flat, slots, data, draws = problem(model)
        terms, g = Base.invokelatest(gradient, model, flat, slots, data, draws)
        there(x) = x === nothing ? nothing : JLArray(x)
        on_device = Goku.to_device(JLArray(data), model)
        others, other = Base.invokelatest(
            gradient, on_device, JLArray(flat), slots, JLArray(data), map(there, draws)
        )
        @test collect(values(terms)) ≈ collect(values(others)) rtol = 1e-10
        @test g ≈ Array(other) rtol = 1e-9
    end
end

if Base.find_package("Zygote") !== nothing
    using Zygote: Zygote

    @testset "Zygote uses the same pullbacks" begin
        layer, x = Goku.TwoLayer(3, 5, 2), randn(RNG, 3, 4)
        ps, st = LuxCore.setup(Xoshiro(1), layer)
        loss(ps, x) = sum(abs2, first(layer(x, ps, st)))
        g, dx = Zygote.gradient(loss, ps, x)
        y, back = Goku.pullback(layer, ps, x)
        gs = map(p -> map(zero, p), ps)
        @test dx ≈ back(2 .* y, gs)
        @test g.first.weight ≈ gs.first.weight
    end
end
