const RATE = [2.0]
const TIMES = collect(0:0.25:1)

@testset "fixed steps converge with their order" for (name, order) in
                                                     (("Euler", 1), ("Heun", 2), ("RK4", 4)),
    style in ("scalar", "loops")

    system = ordinary(DECAY, 1, 1; style)
    errors = map((20, 40)) do substeps
        found = solved(system, [1.0;;], RATE, TIMES; algorithm=name, substeps)
        @test found.counts[1, 1] == 4substeps
        abs(found.path[1, 1, end] - exp(-2))
    end
    @test log2(errors[1] / errors[2]) ≈ order atol = 0.1
end

@testset "leapfrog is of order 2 and keeps the energy" for style in ("scalar", "loops")
    system = ordinary(CIRCLE, 2, 0; style)
    options = (; algorithm="StormerVerlet", momenta=[0.0, 1.0])
    errors = map((20, 40)) do substeps
        found = solved(system, [1.0 0.0], Float64[], TIMES; substeps, options...)
        abs(found.path[1, 1, end] - cos(1))
    end
    @test log2(errors[1] / errors[2]) ≈ 2 atol = 0.1
    long = solved(system, [1.0 0.0], Float64[], collect(0:10.0:1000); substeps=50, options...)
    energy = (long.path[1, 1, :] .^ 2 .+ long.path[1, 2, :] .^ 2) ./ 2
    @test maximum(abs, energy .- 0.5) < 0.01
end

@testset "fixed steps are those of OrdinaryDiffEq" for name in ("Euler", "Heun", "RK4")
    package = Base.require(PySciML, :OrdinaryDiffEqLowOrderRK)
    system = ordinary(CIRCLE, 2, 0)
    found = solved(system, [1.0 0.0], Float64[], [0.0, 1.0]; algorithm=name, substeps=10)
    known = Base.invokelatest() do
        problem = PySciML.ODEProblem((u, p, t) -> [u[2], -u[1]], [1.0, 0.0], (0.0, 1.0))
        PySciML.SciMLBase.solve(problem, getfield(package, Symbol(name))(); dt=0.1, adaptive=false)
    end
    @test found.path[1, :, end] ≈ known.u[end] rtol = 1e-14
end

const ADAPTIVE = ("Tsit5", "Dopri5", "Dopri8", "Vern9", "Rodas4", "Rodas5P", "Kvaerno5", "FBDF")

@testset "adaptive steps keep tolerances" for name in ADAPTIVE, style in ("scalar", "loops")
    style == "loops" && name ∉ ("Tsit5", "Rodas5P") && continue  # compile less
    system = ordinary(CIRCLE, 2, 0; style)
    times = collect(0:0.1:5)
    found = solved(system, [1.0 0.0], Float64[], times; algorithm=name, rtol=1e-8, atol=1e-8)
    @test found.status == [0] && found.stopped == [5.0]
    @test maximum(abs, found.path[1, 1, :] - cos.(times)) < (name == "FBDF" ? 1e-4 : 3e-6)
    @test all(>(0), found.counts[1, [1, 3]])
end

@testset "both ways to compile a system solve it" for name in ("Tsit5", "RK4")
    system = lorenz_with_derivatives()
    substeps = name == "RK4" ? 20 : nothing
    found = map((false, true)) do specialise
        options = (; algorithm=name, substeps, rtol=1e-10, specialise)
        solved(system, [1.0 2.0 3.0], [10.0, 28.0, 8 / 3], 0:0.1:5.0; options...).path
    end
    @test found[1] ≈ found[2] rtol = 1e-8
end

@testset "Robertson to 1e11 by handing over" begin
    times = [0.0; 10.0 .^ (-5:11)]
    system = ordinary(ROBERTSON, 3, 0)
    options = (; rtol=1e-8, atol=1e-16)
    found = solved(system, [1.0 0.0 0.0], Float64[], times; fallback="Rodas5P", options...)
    @test found.counts[1, 4] == 1 && found.status == [0]
    @test found.path[1, :, end] ≈ [2.08334014975045e-8, 8.33336077034798e-14, 0.9999999791665152] rtol =
        1e-6
    alone = solved(system, [1.0 0.0 0.0], Float64[], times; algorithm="Rodas5P", options...)
    @test found.counts[1, 1] < 2 * alone.counts[1, 1]
end

@testset "a trajectory is the same alone and among others" for name in ("Tsit5", "Rodas5P", "Kvaerno5", "RK4")
    system = lorenz_with_derivatives()
    u0 = [1.0 0.0 0.0; NaN 0.0 0.0; 3.0 2.0 1.0; 1.0 0.0 0.0]
    options = (; algorithm=name, substeps=name == "RK4" ? 50 : nothing)
    found = solved(system, u0, [10.0, 28.0, 8 / 3], 0:0.5:5.0; options...)
    @test found.status == [0, 1, 0, 0]
    @test found.stopped[2] == 0 && isnan(found.path[2, 1, 2])
    for lane in (1, 3, 4)
        alone = solved(system, u0[lane:lane, :], [10.0, 28.0, 8 / 3], 0:0.5:5.0; options...)
        @test alone.path[1, :, :] == found.path[lane, :, :]
    end
end

# y follows cos(t) at a rate of a million: within long steps it has to be right too.
@testset "a fast follower" for name in ("Rodas4", "Rodas5P", "Kvaerno5")
    text = """
    drift(u, p, t) = (-p[1] * (u[1] - cos(t)) - sin(t),)
    drift!(du, u, p, t) = (du[1] = -p[1] * (u[1] - cos(t)) - sin(t); nothing)
    drift_jac(u, p, t) = (-p[1],)
    drift_jac!(J, u, p, t) = (J[1] = -p[1]; nothing)
    drift_tgrad(u, p, t) = (-p[1] * sin(t) - cos(t),)
    drift_tgrad!(du, u, p, t) = (du[1] = -p[1] * sin(t) - cos(t); nothing)
    drift_jvp(u, p, t, v, q) = (-p[1] * v[1] - q[1] * (u[1] - cos(t)),)
    drift_jvp!(du, u, p, t, v, q) = (du[1] = drift_jvp(u, p, t, v, q)[1]; nothing)
    """
    times = collect(0:0.01:3)
    found = solved(ordinary(text, 1, 1), [1.0;;], [1e6], times; algorithm=name)
    @test maximum(abs, found.path[1, 1, :] - cos.(times)) < 5e-6
end

@testset "parameters that are swept" begin
    system = ordinary(DECAY, 1, 1)
    rates = reshape([0.5, 1.0, 2.0], 3, 1)
    found = solved(system, ones(3, 1), [0.0], TIMES; swept=([1], rates), rtol=1e-10)
    @test found.path[:, 1, end] ≈ exp.(-rates[:, 1]) rtol = 1e-7
end

@testset "what goes wrong is told by a status" begin
    # u' = u^2 ends at time 1.
    text = """
    drift(u, p, t) = (u[1]^2,)
    drift!(du, u, p, t) = (du[1] = u[1]^2; nothing)
    drift_jac(u, p, t) = (2u[1],)
    drift_jac!(J, u, p, t) = (J[1] = 2u[1]; nothing)
    $NONE"""
    for style in ("scalar", "loops"), name in ("Tsit5", "Rodas5P")
        system = ordinary(text, 1, 0; style)
        found = solved(system, [1.0;;], Float64[], [0.0, 0.5, 2.0]; algorithm=name)
        @test found.status[1] in (PySciML.Status.STEP_TOO_SMALL, PySciML.Status.NOT_FINITE)
        @test found.stopped[1] ≈ 1 rtol = 1e-3
        @test found.path[1, 1, 2] ≈ 2 rtol = 1e-4
        @test isnan(found.path[1, 1, 3])
    end
    stopped = solved(ordinary(DECAY, 1, 1), [1.0;;], RATE, TIMES; stop_flag=Int8[1])
    @test stopped.status == [PySciML.Status.INTERRUPTED]
    @test_throws PySciML.NoSolver solved(ordinary(DECAY, 1, 1), [1.0;;], RATE, TIMES; algorithm="Tsit9")
end

@testset "single precision" for name in ("Tsit5", "Rodas5P", "RK4"), style in ("scalar", "loops")
    style == "loops" && name == "Rodas5P" && continue
    text = replace(CIRCLE, "0.0" => "0.0f0", "1.0" => "1.0f0")
    system = ordinary(text, 2, 0; T=Float32, style)
    substeps = name == "RK4" ? 20 : nothing
    options = (; algorithm=name, substeps, rtol=1.0f-5, atol=1.0f-6)
    found = solved(system, Float32[1 0], Float32[], Float32[0, 0.5, 1]; options...)
    @test eltype(found.path) == Float32
    @test found.path[1, 1, :] ≈ cos.([0, 0.5, 1]) atol = 1e-4
end

@testset "steps allocate nothing" begin
    system = lorenz_with_derivatives()
    run(n) = solved(system, [1.0 0.0 0.0], [10.0, 28.0, 8 / 3], range(0.0, n; length=3); rtol=1e-8)
    long, short = map((100.0, 1.0)) do n
        run(n)
        @allocated run(n)
    end
    @test long - short < 10_000  # of ten thousand steps more
end

@testset "arrays of rows are seen without a copy" begin
    view = PermutedDimsArray(reshape(collect(1.0:6.0), 3, 2), (2, 1))
    seen = PySciML.plain(view)
    @test seen isa Matrix && pointer(seen) == pointer(parent(view)) && seen == parent(view)
end
