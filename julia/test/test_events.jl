# tau v' = rest - v with reset at a threshold: p = (tau, rest, threshold, reset).
const SPIKING = """
drift(u, p, t) = ((p[2] - u[1]) / p[1],)
drift!(du, u, p, t) = (du[1] = (p[2] - u[1]) / p[1]; nothing)
drift_jac(u, p, t) = (-1 / p[1],)
drift_jac!(J, u, p, t) = (J[1] = -1 / p[1]; nothing)
$NONE
condition_1(u, p, t) = u[1] - p[3]
condition_1_jvp(u, p, t, v, q, s) = v[1] - q[3]
reset_1!(du, u, p, t) = (du[1] = p[4]; nothing)
"""
const EVENT = ("condition_1", "condition_1_jvp", "reset_1")

spiking(; stops=false, style="scalar") =
    ordinary(SPIKING, 1, 4; style, events=(("spike", 1, stops),), more=EVENT)

@testset "a thousand spikes, each at its time" for name in ("Tsit5", "Rodas5P"),
    style in ("scalar", "loops")

    p = [10.0, -45.0, -50.0, -70.0]
    period = 10 * log(25 / 5)
    first_spike = 10 * log((65 - 45) / 5)
    options = (; algorithm=name, rtol=1e-10)
    found = solved(spiking(; style), [-65.0;;], p, [0.0, 17000.0]; options...)
    times = found.seen[1][1]
    @test length(times) == floor((17000 - first_spike) / period) + 1
    @test times ≈ first_spike .+ period .* (0:(length(times) - 1)) rtol = 1e-8
end

@testset "coming to rest at the threshold is no spike" for rtol in (1e-3, 1e-6, 1e-9)
    found = solved(spiking(), [-65.0;;], [10.0, -50.0, -50.0, -70.0], [0.0, 1000.0]; rtol)
    @test isempty(found.seen[1][1]) && found.status == [0]
end

@testset "an event that stops" begin
    p = [10.0, -45.0, -50.0, -70.0]
    found = solved(spiking(; stops=true), [-65.0;;], p, [0.0, 5.0, 100.0]; rtol=1e-10)
    @test found.status == [PySciML.Status.STOPPED]
    @test found.stopped[1] ≈ 10 * log(4) rtol = 1e-8
    @test isfinite(found.path[1, 1, 2]) && isnan(found.path[1, 1, 3])
end

@testset "directions" for (direction, expected) in
                          ((1, [1.5, 3.5]), (-1, [0.5, 2.5]), (0, [0.5, 1.5, 2.5, 3.5]))

    text = CIRCLE * "condition_1(u, p, t) = u[1]\ncondition_1_jvp(u, p, t, v, q, s) = v[1]\n"
    events, more = (("zero", direction, false),), ("condition_1", "condition_1_jvp")
    system = ordinary(text, 2, 0; events, more)
    found = solved(system, [1.0 0.0], Float64[], [0.0, 12.0]; rtol=1e-10, atol=1e-12)
    @test found.seen[1][1] ≈ expected .* π rtol = 1e-8
end

# A ball, u'' = -1, that keeps a part p of its speed: it comes to rest at time 2 / (1 - p) - 1 times
# that of its first fall, after infinitely many jumps.
@testset "a ball that bounces until no time is left" begin
    text = """
    drift(u, p, t) = (u[2], -1.0)
    drift!(du, u, p, t) = (du[1] = u[2]; du[2] = -1.0; nothing)
    drift_jac(u, p, t) = (0.0, 0.0, 1.0, 0.0)
    drift_jac!(J, u, p, t) = (copyto!(J, (0.0, 0.0, 1.0, 0.0)); nothing)
    $NONE
    condition_1(u, p, t) = u[1]
    condition_1_jvp(u, p, t, v, q, s) = v[1]
    reset_1!(du, u, p, t) = (du[1] = 0.0; du[2] = -p[1] * u[2]; nothing)
    """
    system = ordinary(text, 2, 1; events=(("bounce", -1, false),), more=EVENT)
    found = solved(system, [0.5 0.0], [0.5], [0.0, 10.0]; rtol=1e-10, atol=1e-12)
    @test found.status == [PySciML.Status.EVENTS_ACCUMULATE]
    @test found.stopped[1] ≈ 3 rtol = 1e-5
    falls = 1 .+ cumsum([0; 2 .* 0.5 .^ (1:9)])
    @test found.seen[1][1][1:10] ≈ falls rtol = 1e-8
end

@testset "events at known times" for name in ("Tsit5", "RK4")
    text = DECAY * "reset_1!(du, u, p, t) = (du[1] = u[1] + 1; nothing)\n"
    system = ordinary(text, 1, 1; events=(("dose", 0, false),), more=("reset_1",))
    options = (; algorithm=name, substeps=name == "RK4" ? 50 : nothing, rtol=1e-10, atol=1e-12)
    found = solved(
        system, [1.0;;], [1.0], [0.0, 1.0, 2.0, 3.0]; timed=([1.0, 2.0],), stops=[1.0, 2.0], options...
    )
    one = exp(-1)
    # At the time of a dose the state is that before it.
    @test found.path[1, 1, :] ≈ [1, one, (one + 1) * one, ((one + 1) * one + 1) * one] rtol = 1e-7
    @test found.seen[1][1] == [1.0, 2.0]
end

@testset "with fixed steps events are at the ends of steps" begin
    p = [10.0, -45.0, -50.0, -70.0]
    errors = map((2000, 4000)) do substeps
        found = solved(spiking(), [-65.0;;], p, [0.0, 100.0]; algorithm="RK4", substeps)
        abs(found.seen[1][1][3] - 10 * (log(4) + 2 * log(5)))
    end
    @test all(<(0.1), errors)
end
