using PySciML: Lanes, Status
using PySciML.Lanes: Result, Tolerances, Grid, Noise
using OrdinaryDiffEqTsit5: Tsit5
using SciMLBase: ODEProblem, solve
using Random

@isdefined(noisy) || include("noisy.jl")

# As the translator writes it, which lets LLVM vectorise along the lanes.
const LORENZ_VALUES = """
drift!(du, u, p, t) = (du .= drift(u, p, t); nothing)
function drift(u, p, t)
    check_length(u, 3)
    check_length(p, 3)
    @inbounds begin
        x1 = u[2]
        x2 = u[1]
        x3 = p[1] * (x1 - x2)
        x4 = u[3]
        x5 = x2 * (p[2] - x4) - x1
        x6 = x2 * x1 - p[3] * x4
    end
    return (x3, x5, x6)
end
"""
lorenz_values(T=Float64) =
    System(LORENZ_VALUES; T, states=3, params=3, styles=Dict("drift" => "scalar"))
ordinary(text; states=1, params=1) = System(
    "drift(u, p, t) = ($text)\ndrift!(du, u, p, t) = (du .= drift(u, p, t); nothing)";
    states, params, styles=Dict("drift" => "scalar"),
)

function tsit5(system, u0, p, times, tolerance; lanes=64, hand_over=false)
    r = Result(eltype(u0), size(u0)..., length(times))
    tolerances = Tolerances{eltype(u0)}(tolerance, tolerance)
    return solve_lanes!(r, system, u0, p, times, tolerances; lanes, hand_over)
end

@testset "Tsit5 takes the steps of OrdinaryDiffEq" begin
    u0, p = [1.0 0 0; 2 1 3; 0.5 -7 20], [10.0 28 8/3; 10 24 8/3; 9 28 2.5]
    times = [0.0, 0.5, 1.7, 5]
    function rates(du, u, p, t)
        du[1] = p[1] * (u[2] - u[1])
        du[2] = u[1] * (p[2] - u[3]) - u[2]
        du[3] = u[1] * u[2] - p[3] * u[3]
    end
    for tolerance in (1e-3, 1e-6, 1e-9)
        found = tsit5(lorenz_values(), u0, p, times, tolerance)
        for k in 1:3
            problem = ODEProblem(rates, u0[k, :], (0.0, 5.0), p[k, :])
            native = solve(problem, Tsit5(); reltol=tolerance, abstol=tolerance, saveat=times)
            @test found.steps[k] == native.stats.naccept
            @test found.rejected[k] == native.stats.nreject
            # Powers of errors are approximated, so that steps differ a little.
            @test found.path[k, :, 2] ≈ native.u[2] rtol = 10 * tolerance
        end
        @test all(==(Status.SUCCESS), found.status) && found.stopped == fill(5.0, 3)
    end
end

@testset "order of Tsit5 and of its interpolant" begin
    system = ordinary("u[2], -u[1]"; states=2)
    times = collect(0.0:0.1:2)
    misses = map((1e-6, 1e-10)) do tolerance
        path = tsit5(system, [0.0 1.0], [0.0], times, tolerance).path
        maximum(abs, path[1, 1, :] .- sin.(times))
    end
    @test misses[1] < 1e-5 && misses[2] < 1e-9
    # Equal steps, by halves: the fifth order, and the fourth within the step.
    function error(h, x)
        new, k, _ = Lanes.tsit5((u, p, t) -> (u[1] * cos(t),), (1.0,), (1.0,), nothing, 0.0, h)
        inside = Lanes.within((1.0,), k, h, x)
        return abs(new[1] - exp(sin(h))), abs(inside[1] - exp(sin(x * h)))
    end
    coarse, fine = error(0.2, 0.37), error(0.1, 0.37)
    @test 5.5 < log2(coarse[1] / fine[1]) < 7
    @test 4.5 < log2(coarse[2] / fine[2]) < 6.5
    # An error estimate of order five.
    estimate(h) = let (new, k, _) = Lanes.tsit5((u, p, t) -> (u[1] * cos(t),), (1.0,), (1.0,), nothing, 0.0, h)
        sqrt(Lanes.error_square((1.0,), new, k, h, 0.0, 1.0))
    end
    @test 4.5 < log2(estimate(0.2) / estimate(0.1)) < 6
end

@testset "a trajectory does not depend on the others" begin
    u0 = [1.0 0 0] .+ randn(Xoshiro(1), 100, 3)
    p, times = repeat([10.0 28 8/3], 100), [0.0, 1.0, 2.0]
    system = lorenz_values()
    whole = tsit5(system, u0, p, times, 1e-6)
    for (range, lanes) in ((1:100, 7), (50:50, 64), (31:95, 16), (1:100, 100))
        part = tsit5(system, u0[range, :], p[range, :], times, 1e-6; lanes)
        @test part.path ≈ whole.path[range, :, :] rtol = 1e-12
        @test part.steps == whole.steps[range]
    end
    @test tsit5(system, u0, p[1, :], times, 1e-6).path ≈ whole.path rtol = 1e-12
    single = tsit5(lorenz_values(Float32), Float32.(u0), Float32.(p), Float32.(times), 1e-4)
    @test single.path ≈ whole.path rtol = 1e-2
end

@testset "trajectories that fail leave the others alone" begin
    # dx = x^2: infinite at t = 1 / x(0).
    found = tsit5(ordinary("u[1]^2,"), [0.1; 2.0; NaN; 0.2;;], [0.0], [0.0, 0.4, 1.0], 1e-6)
    @test found.status == [Status.SUCCESS, found.status[2], Status.NOT_FINITE, Status.SUCCESS]
    @test found.status[2] in (Status.STEP_TOO_SMALL, Status.NOT_FINITE)
    @test found.stopped[2] ≈ 0.5 rtol = 1e-3
    @test found.path[[1, 4], 1, end] ≈ [1 / 9, 1 / 4] rtol = 1e-5
    @test found.path[2, 1, 2] ≈ 10 rtol = 1e-3
    @test isnan(found.path[2, 1, 3])
end

@testset "stiff equations are handed over" begin
    text = "-p[1] * (u[1] - cos(t)),"
    found = tsit5(ordinary(text), zeros(2, 1), [1e5; 1.0;;], [0.0, 5.0], 1e-6; hand_over=true)
    @test found.status == [Status.STIFF, Status.SUCCESS]
    @test found.stopped[1] < 5
end

@testset "a solve ends when it is told to" begin
    r = Result(Float64, 100, 3, 2)
    r.stop[1] = 1
    solve_lanes!(r, lorenz_values(), ones(100, 3), [10.0, 28, 8/3], [0.0, 1e6], Tolerances(1e-6, 1e-6))
    @test all(==(Status.INTERRUPTED), r.status)
    r = Result(Float64, 100, 1, 2)
    r.stop[1] = 1
    noise = Noise(:threefry, 1, 0)
    solve_lanes!(r, geometric(), :EulerMaruyama, ones(100, 1), [0.1, 0.2], Grid([0.0, 1], 9), noise)
    @test all(==(Status.INTERRUPTED), r.status) && all(isnan, r.path)
end

@testset "powers without functions" begin
    for T in (Float64, Float32)
        x = exp10.(T.(range(-15, 15; length=1000)))
        @test maximum(abs.(Lanes.quick_log.(x) .- log.(x))) < 100 * eps(T)
        y = T.(range(-20, 20; length=1000))
        @test maximum(abs.(Lanes.quick_exp.(y) ./ exp.(y) .- 1)) < max(2e-8, 40 * eps(T))
    end
end

@testset "attempts do not allocate" begin
    function bytes(f, c, tolerances)
        Lanes.try_step!(c, f, 1.0, tolerances, Val(true), Val(7))
        Lanes.control!(c, 1.0, Val(true))
        Lanes.commit!(c, 1.0, f)
        return @allocated(Lanes.try_step!(c, f, 1.0, tolerances, Val(true), Val(7))) +
            @allocated(Lanes.control!(c, 1.0, Val(true))) + @allocated(Lanes.commit!(c, 1.0, f))
    end
    c = Lanes.Lockstep{Float64}(16, 3, [10.0, 28, 8/3], 7)
    @test Base.invokelatest(bytes, Lanes.Small(lorenz_values()), c, Tolerances(1e-6, 1e-6)) == 0
end

@testset "numbers do not depend on the count of threads" begin
    script = """
    using PySciML
    using PySciML.Lanes: Result, Tolerances, Grid, Noise
    include("$(joinpath(@__DIR__, "noisy.jl"))")
    r, s = Result(Float64, 300, 1, 2), Result(Float64, 300, 1, 2)
    u0 = reshape(collect(range(0.5, 2; length=300)), 300, 1)
    solve_lanes!(r, geometric(), :EulerMaruyama, u0, [0.1, 0.2], Grid([0.0, 1], 20), Noise(:threefry, 1, 0))
    solve_lanes!(s, geometric(), u0, [-1.0, 0.2], [0.0, 3.0], Tolerances(1e-8, 1e-8))
    print(hash(r.path), hash(s.path), hash(s.steps))
    """
    found = map((1, 2)) do threads
        read(`$(Base.julia_cmd()) --startup-file=no --threads=$threads --project=$(Base.active_project()) -e $script`, String)
    end
    @test found[1] == found[2] && length(found[1]) > 40
end
