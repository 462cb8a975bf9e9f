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
