using Random

include("adjoints.jl")

const TIMES = [0.0, 0.2, 0.35, 0.8]

function problem(system, substeps=2; batch=3, shared=false)
    rng = MersenneTwister(3)
    u0 = 1 .+ 0.2 .* randn(rng, batch, 2)
    p = 0.5 .+ 0.1 .* randn(rng, (shared ? (4,) : (batch, 4))...)
    steps = substeps * (length(TIMES) - 1)
    dW = system.diffusion === nothing ? nothing : 0.3 .* randn(rng, batch, system.sources, steps)
    return u0, p, dW, randn(rng, batch, 2, length(TIMES))
end

@testset "the pullback of $scheme with $kind noise, $style, is the gradient" for
        (scheme, kind, calculus) in (
            (:Euler, :none, :ito),
            (:Heun, :none, :ito),
            (:RK4, :none, :ito),
            (:EulerMaruyama, :diagonal, :ito),
            (:EulerMaruyama, :general, :ito),
            (:EulerHeun, :diagonal, :stratonovich),
            (:EulerHeun, :scalar, :stratonovich),
            (:Heun, :general, :stratonovich),
        ),
        style in ("scalar", "loops")

    system = driven(kind; style, calculus)
    u0, p, dW, w = problem(system; shared=isodd(length("$scheme$kind$style")))
    solve(u0, p) = solve_with_pullback(system, u0, p, TIMES, 2, dW; scheme)
    states, pullback = solve(u0, p)
    @test states[:, :, 1] == u0
    gradient = pullback(w)
    @test size.(gradient) == (size(u0), size(p))
    exact, difference = along((u0, p) -> sum(w .* solve(u0, p)[1]), (u0, p), gradient)
    @test exact ≈ difference atol = 1e-9 * sum(abs, gradient[1])
end

@testset "tuples and work in place give the same numbers" begin
    u0, p, dW, w = problem(driven(:diagonal); batch=300)
    tuples, inplace = map(("scalar", "loops")) do style
        states, pullback = solve_with_pullback(driven(:diagonal; style), u0, p, TIMES, 2, dW)
        states, pullback(w)...
    end
    @test all(isapprox.(tuples, inplace; rtol=1e-13))
    single = driven(:diagonal; T=Float32)
    states, pullback =
        solve_with_pullback(single, Float32.(u0), Float32.(p), TIMES, 2, Float32.(dW))
    gradient = pullback(Float32.(w))
    @test eltype(states) === eltype(gradient[1]) === eltype(gradient[2]) === Float32
    @test all(isapprox.((states, gradient...), tuples; rtol=1e-5))
end

@testset "steps are those of the schemes" begin
    growth = """
    drift(u, p, t) = (p[1] * u[1],)
    drift_vjp(u, p, t, w) = ((p[1] * w[1],), (u[1] * w[1],))
    """
    system = System(
        growth * "drift!(args...) = nothing\ndrift_vjp!(args...) = nothing\n";
        states=1, params=1, styles=Dict("drift" => "scalar", "drift_vjp" => "scalar"),
    )
    z = 0.3
    for (scheme, factor) in (
        (:Euler, 1 + z), (:Heun, 1 + z + z^2 / 2), (:RK4, 1 + z + z^2 / 2 + z^3 / 6 + z^4 / 24)
    )
        states, pullback = solve_with_pullback(system, fill(2.0, 1, 1), [3.0], [0, 0.3], 3; scheme)
        @test states[1, 1, 2] ≈ 2 * factor^3 rtol = 1e-14
        @test pullback([0.0;;; 1.0])[1][1] ≈ factor^3 rtol = 1e-14
    end
end

@testset "what does not fit is refused" begin
    system, noisy = driven(), driven(:diagonal)
    u0, p, dW, w = problem(noisy)
    solve(args...; settings...) = solve_with_pullback(args...; settings...)
    @test_throws "no noise" solve(system, u0, p, TIMES, 2, dW)
    @test_throws "give increments" solve(noisy, u0, p, TIMES, 2)
    @test_throws "got (3, 2, 6)" solve(noisy, u0, p, TIMES, 3, dW)
    @test_throws "sense of stratonovich" solve(noisy, u0, p, TIMES, 2, dW; scheme=:EulerHeun)
    @test_throws "without noise" solve(noisy, u0, p, TIMES, 2, dW; scheme=:RK4)
    @test_throws "no scheme Tsit6" solve(system, u0, p, TIMES, 2; scheme=:Tsit6)
    @test_throws "3 columns" solve(system, ones(3, 3), p, TIMES, 2)
    @test_throws "p has 3" solve(system, u0, p[:, 1:3], TIMES, 2)
    @test_throws "increase" solve(system, u0, p, [0, 1, 1.0], 2)
    @test_throws "holds Float32" solve(system, Float32.(u0), p, TIMES, 2)
    @test_throws "like the states" solve(noisy, u0, p, TIMES, 2, dW)[2](w[:, :, 1:2])
end

@testset "Tsit5 with dense output: the gradient of what was computed, in order 5" begin
    system = driven(; style="loops")
    times = [0.0, 0.1, 0.25, 0.25, 0.7, 1.0]  # some on steps, some within, one twice
    u0, p = [1.1, 0.8], [0.7, 0.4, 0.0, 0.0]
    w = randn(MersenneTwister(4), 2, length(times))
    solved(u0, p; steps) = begin
        plan = GradientPlan(system, times; steps)
        copy(Base.invokelatest(PySciML.Adjoints.forward!, plan, u0, p))
    end
    for steps in (4, [0.0, 0.25, 0.6, 1.0])
        found = gradient(system, w, u0, p, times; steps)
        exact, difference =
            along((u0, p) -> sum(w .* solved(u0, p; steps)), (u0, p), (found.u0, found.p))
        @test exact ≈ difference rtol = 1e-9
    end
    fine = solved(u0, p; steps=400)[:, [1, 4, 6]]
    errors = [maximum(abs, solved(u0, p; steps)[:, [1, 4, 6]] - fine) for steps in (8, 16)]
    @test 4.5 < log2(errors[1] / errors[2]) < 6
    dense = [maximum(abs, solved(u0, p; steps) - solved(u0, p; steps=400)) for steps in (7, 14)]
    @test log2(dense[1] / dense[2]) > 3.5
end

@testset "recorded steps: gradients within the tolerance, and a value" begin
    system = driven(; style="scalar")
    times, u0, p = [0.0, 0.5, 2.0], [1.1, 0.8], [0.7, 0.4, 0.0, 0.0]
    squares!(w, states) = (w .= 2 .* states; sum(abs2, states))
    fine = gradient(system, squares!, u0, p, times; steps=400)
    loose, tight = map((1e-4, 1e-8)) do rtol
        found = gradient(system, squares!, u0, p, times; rtol, atol=rtol)
        maximum(abs, [found.u0 - fine.u0; found.p - fine.p])
    end
    @test 1e-8 < loose < 1e-2
    @test tight < 1e-6
    @test gradient(system, squares!, u0, p, times; rtol=1e-9, atol=1e-9).value ≈ fine.value rtol = 1e-7
    @test_throws "has noise" gradient(driven(:diagonal), squares!, u0, p, times)
end

@testset "a gradient allocates nothing" begin
    system = driven(; style="loops")
    plan = GradientPlan(system, [0.0, 0.3, 1.0]; steps=5)
    squares!(w, states) = (w .= 2 .* states; sum(abs2, states))
    gu0, gp, u0, p = zeros(2), zeros(4), [1.1, 0.8], [0.7, 0.4, 0.0, 0.0]
    measured() = begin
        gradient!(gu0, gp, plan, squares!, u0, p)
        @allocated gradient!(gu0, gp, plan, squares!, u0, p)
    end
    @test Base.invokelatest(measured) <= 16  # the value, in a box
end

@testset "tangents and cotangents are adjoint" begin
    system = driven(:diagonal; style="scalar")
    # <w, J v> = <J' w, v>: v carried forward by differences, w back by the sweep.
    u0, p, dW, w = problem(system; batch=2, shared=true)
    states, pullback = solve_with_pullback(system, u0, p, TIMES, 2, dW)
    forward = map(1:4) do k
        unit = zeros(4)
        unit[k] = 1e-6
        up = solve_with_pullback(system, u0, p .+ unit, TIMES, 2, dW)[1]
        down = solve_with_pullback(system, u0, p .- unit, TIMES, 2, dW)[1]
        sum(w .* (up .- down)) / 2e-6
    end
    @test pullback(w)[2] ≈ forward rtol = 1e-7
end

@testset "tanh is exact to three units in the last place" begin
    setprecision(BigFloat, 120) do
        for T in (Float64, Float32)
            points = [T.(exp10.(range(-12, 1.4; length=2000))); T.(range(0, 22; length=3000))]
            worst = maximum(points) do x
                exact = tanh(big(x))
                abs(PySciML.Semantics.xla_tanh(x) - exact) / eps(T(exact))
            end
            @test worst < 3
            @test all(x -> isequal(PySciML.Semantics.xla_tanh(x), tanh(x)),
                T[0, -0.0, Inf, -Inf, NaN, 1e30, floatmin(T), nextfloat(zero(T))])
        end
    end
end
