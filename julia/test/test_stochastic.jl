using PySciML: Course, Lanes
using PySciML.Lanes: Grid, Noise, Result
using Random, Statistics

@isdefined(noisy) || include("noisy.jl")

paths(system, method, u0, p, grid, noise; lanes=64) =
    solve_lanes!(result(u0, grid), system, method, u0, p, grid, noise; lanes)
singly(system, method, u0, p, grid, noise, more...) = let r = result(u0, grid)
    solve_paths!(r, system, method, u0, p, grid, noise, more...)
    r
end
result(u0::Matrix{T}, grid) where {T} = Result(T, size(u0)..., length(grid.times))

"Root mean square errors at the end, for a path of `fine` increments taken `count` at a time."
function errors(system, method, u0, p, exact, counts; fine=512, batch=400)
    rng = Xoshiro(7)
    m = system.sources
    dw = randn(rng, batch, m, fine) ./ sqrt(fine)
    truth = exact(dropdims(sum(dw; dims=3); dims=3))
    return map(counts) do count
        coarse = sum(reshape(dw, batch, m, count, fine ÷ count); dims=3)
        given = reshape(coarse, batch, m * (fine ÷ count))
        found = paths(system, method, repeat(u0, batch), p, Grid([0.0, 1.0], fine ÷ count), given)
        sqrt(mean(abs2, found.path[:, :, end] .- truth))
    end
end

order(errors) = log2(errors[end] / errors[1]) / (length(errors) - 1)

@testset "known words of the cipher" begin
    # The test vectors of Random123.
    @test Lanes.threefry((0x00000000, 0x00000000), 0x00000000, 0x00000000) ==
        (0x6b200159, 0x99ba4efe)
    @test Lanes.threefry((0xffffffff, 0xffffffff), 0xffffffff, 0xffffffff) ==
        (0x1cb996fc, 0xbb002be7)
    @test Lanes.threefry((0x13198a2e, 0x03707344), 0x243f6a88, 0x85a308d3) ==
        (0xc4923a9c, 0x483df7a0)
end

@testset "normal numbers of $T from $source" for T in (Float64, Float32),
    source in (:threefry, :xoshiro)

    stream = Lanes.Stream(T, source, 3, 0:999, 3)
    numbers = reduce(vcat, [(Lanes.draw!(stream, k); vec(stream.numbers[:, 1:3])) for k in 0:99])
    n = length(numbers)
    # Moments of the law, within four standard errors.
    for (power, moment, variance) in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96))
        @test abs(mean(numbers .^ power) - moment) < 4 * sqrt(variance / n)
    end
    @test abs(cor(numbers[1:(end - 1)], numbers[2:end])) < 4 / sqrt(n)
    # A trajectory on its own draws the same numbers.
    alone = Lanes.Stream(T, source, 3, 5:5, 3)
    first = Lanes.Stream(T, source, 3, 0:9, 3)
    for k in 0:3
        Lanes.draw!(alone, k)
        Lanes.draw!(first, k)
        @test alone.numbers[1, 1:3] ≈ first.numbers[6, 1:3] rtol = 4eps(T)
    end
end

const GBM = [0.3 0.5]
exact(a, b, w) = exp.(a .+ b .* w)

@testset "strong order of $method, $noise, $calculus" for (method, calculus, noise, expected) in (
    (:EulerMaruyama, :ito, :diagonal, 0.5),
    (:EulerMaruyama, :ito, :general, 0.5),
    (:EulerHeun, :stratonovich, :diagonal, 1.0),
    (:EulerHeun, :stratonovich, :general, 1.0),
    (:Heun, :stratonovich, :scalar, 1.0),
    (:Milstein, :ito, :diagonal, 1.0),
    (:Milstein, :ito, :scalar, 1.0),
    (:Milstein, :ito, :general, 1.0),
    (:Milstein, :stratonovich, :diagonal, 1.0),
    (:Milstein, :stratonovich, :general, 1.0),
)
    p = noise === :diagonal ? [0.3, 0.5] : [0.3, 0.5, -0.4]
    shift(bs) = calculus === :ito ? sum(abs2, bs) / 2 : 0.0
    system, u0, truth = if noise === :diagonal
        geometric(; calculus), ones(1, 1), w -> exact(0.3 - shift(0.5), 0.5, w)
    elseif noise === :scalar
        pair(; calculus), ones(1, 2),
        w -> hcat(exact(0.3 - shift(0.5), 0.5, w), exact(0.3 - shift(0.4), -0.4, w))
    else
        both(; calculus), ones(1, 1),
        w -> exact(0.3 - shift([0.5, 0.4]), 1.0, w * [0.5, -0.4])
    end
    found = errors(system, method, u0, p, truth, (4, 8, 16))
    @test expected - 0.15 < order(found) < expected + 0.35
end

@testset "orders of SRA1 and SRIW1" begin
    # Against the same scheme with short steps, on paths with their means over every step.
    for (method, system, u0, p) in (
        (:SRA1, bending(), [0.0 0.5], [1.0, 0.4, 0.5]),
        (:SRIW1, geometric(), ones(1, 1), [0.3, 0.5]),
    )
        m, batch, fine = system.sources, 400, 256
        rng = Xoshiro(11)
        dw = randn(rng, batch, m, fine) ./ sqrt(fine)
        dz = randn(rng, batch, m, fine) ./ sqrt(fine)
        h = 1 / fine
        area = (dw .+ dz ./ sqrt(3)) ./ 2 .* h  # of every fine step
        found = map((1, 8, 16, 32)) do count
            steps = fine ÷ count
            W = sum(reshape(dw, batch, m, count, steps); dims=3)
            before = cumsum(reshape(dw, batch, m, count, steps); dims=3) .-
                reshape(dw, batch, m, count, steps)
            H = sum(before .* h .+ reshape(area, batch, m, count, steps); dims=3) ./ (count * h)
            Z = sqrt(3) .* (2 .* H .- W)
            draws = reshape(cat(W, Z; dims=2), batch, 2m * steps)
            r = result(repeat(u0, batch), Grid([0.0, 1.0], steps))
            block = Lanes.Block(repeat(u0, batch), p, Matrix(draws))
            grid = Grid([0.0, 1.0], steps)
            f = Lanes.Small(system)
            save = Lanes.Save(r, grid, 1:batch, block.u)
            Base.invokelatest(Lanes.march_lanes!, Lanes.METHODS[method], f, block, grid, save)
            r.path[:, :, end]
        end
        truth = method === :SRA1 ? found[1] :
            exact(0.3 - 0.125, 0.5, dropdims(sum(dw; dims=3); dims=3))
        misses = [sqrt(mean(abs2, x .- truth)) for x in found[2:end]]
        @test order(misses) > 1.25
    end
end

@testset "moments of $method" for (method, system, u0, p, mean_, var_) in (
    (:EulerMaruyama, relaxing(), [2.0;;], [1.0, 0.5], 2exp(-1), 0.125 * (1 - exp(-2))),
    (:SRA1, relaxing(), [2.0;;], [1.0, 0.5], 2exp(-1), 0.125 * (1 - exp(-2))),
    (:SRIW1, geometric(), [1.0;;], [0.3, 0.5], exp(0.3), exp(0.6) * (exp(0.25) - 1)),
    (:Milstein, geometric(), [1.0;;], [0.3, 0.5], exp(0.3), exp(0.6) * (exp(0.25) - 1)),
)
    batch = 20_000
    found = paths(system, method, repeat(u0, batch), p, Grid([0.0, 1.0], 200), Noise(:threefry, 1, 0))
    ends = found.path[:, 1, end]
    @test abs(mean(ends) - mean_) < 4 * sqrt(var_ / batch) + 0.005
    @test abs(var(ends) / var_ - 1) < 0.06
end

@testset "lanes and single trajectories agree: $method, $noise" for (method, noise, make, p) in (
    (:EulerMaruyama, :diagonal, bending, [1.0, 0.4, 0.5]),
    (:EulerMaruyama, :scalar, pair, [0.3, 0.5, -0.4]),
    (:EulerMaruyama, :general, both, [0.3, 0.5, -0.4]),
    (:EulerHeun, :diagonal, bending, [1.0, 0.4, 0.5]),
    (:EulerHeun, :general, both, [0.3, 0.5, -0.4]),
    (:Heun, :scalar, pair, [0.3, 0.5, -0.4]),
    (:Heun, :diagonal, bending, [1.0, 0.4, 0.5]),
    (:Milstein, :diagonal, geometric, [0.3, 0.5]),
    (:Milstein, :scalar, pair, [0.3, 0.5, -0.4]),
    (:Milstein, :general, both, [0.3, 0.5, -0.4]),
    (:SRA1, :diagonal, bending, [1.0, 0.4, 0.5]),
    (:SRIW1, :scalar, pair, [0.3, 0.5, -0.4]),
    (:SRIW1, :diagonal, geometric, [0.3, 0.5]),
)
    system = make(; calculus=method in (:Heun, :EulerHeun) ? :stratonovich : :ito)
    u0 = 0.5 .+ rand(Xoshiro(1), 10, system.states)
    sweep = repeat(p', 10) .* (1 .+ 0.1 .* (1:10))
    grid, noise = Grid(collect(0:0.5:2), 7), Noise(:threefry, 5, 3)
    one, other = paths(system, method, u0, sweep, grid, noise), singly(system, method, u0, sweep, grid, noise)
    @test one.path ≈ other.path rtol = 1e-13
    @test one.status == other.status && one.stopped == other.stopped == fill(2.0, 10)
    few = paths(system, method, u0[4:6, :], sweep[4:6, :], grid, Noise(:threefry, 5, 6); lanes=2)
    @test few.path ≈ one.path[4:6, :, :] rtol = 1e-14
end

@testset "a trajectory that fails leaves the others alone" begin
    system = geometric()
    u0 = [1.0; Inf; 1.0;;]
    found = paths(system, :EulerMaruyama, u0, [0.3, 0.5], Grid([0.0, 0.5, 1.0], 5), Noise(:threefry, 1, 0))
    @test found.status == [0, 1, 0] && found.stopped[[1, 3]] == [1.0, 1.0]
    @test all(isfinite, found.path[[1, 3], :, :])
end

@testset "inputs that vary in time" begin
    # dx = f(t) dt without noise: the integral of the input, piece by piece.
    system = noisy("p[1],", "p[2],", "0.0,", "q[2],"; states=1, params=2, noise=:diagonal)
    steps = Course(1, "previous", [0.0, 1.0, 2.0], [3.0 -1.0 7.0])
    grid = Grid([0.0, 1.0, 2.0], 4)
    found = singly(system, :EulerMaruyama, zeros(1, 1), [0.0, 0.0], grid, zeros(1, 8), _ -> [steps])
    @test found.path[1, 1, :] ≈ [0, 3, 2]
    line = Course(1, "linear", [0.0, 2.0], [1.0 5.0])
    found = singly(system, :Heun, zeros(1, 1), [0.0, 0.0], grid, zeros(1, 8), _ -> [line])
    @test found.path[1, 1, :] ≈ [0, 2, 6]
end

@testset "steps do not allocate" begin
    function step_bytes(method, system, p, given)
        f, u = Lanes.Small(system), ones(8, system.states)
        m = Lanes.METHODS[method]
        args = (m, f, u, p, given, 0, 0.1, 0.0, 0.01, Lanes.width(m, f))
        Lanes.advance!(args...)
        return @allocated Lanes.advance!(args...)
    end
    @test Base.invokelatest(step_bytes, :EulerMaruyama, geometric(), [0.3, 0.5], zeros(8, 1)) == 0
    @test Base.invokelatest(step_bytes, :Milstein, both(), repeat([0.3 0.5 0.4], 8), zeros(8, 2)) == 0
    @test Base.invokelatest(step_bytes, :SRIW1, pair(), [0.3, 0.5, 0.4], zeros(8, 2)) == 0
    function path_bytes(method, system, p)
        given = PySciML.Given(p, Course{Float64}[], system.states)
        w, u, dw = Lanes.Whole(system, given), ones(system.states), zeros(4)
        return bytes(Lanes.METHODS[method], w, u, dw)
    end
    function bytes(method, w, u, dw)
        Lanes.step!(method, w, u, 0.0, 0.01, dw)
        return @allocated Lanes.step!(method, w, u, 0.0, 0.01, dw)
    end
    for method in (:EulerMaruyama, :Heun, :Milstein, :SRIW1)
        @test Base.invokelatest(path_bytes, method, pair(), [0.3, 0.5, 0.4]) == 0
    end
    function draw_bytes(stream)
        Lanes.draw!(stream, 0)
        return @allocated Lanes.draw!(stream, 1)
    end
    @test draw_bytes(Lanes.Stream(Float64, :threefry, 1, 0:63, 3)) == 0
end

@testset "EulerMaruyama is the textbook scheme, natively EM(false)" begin
    using StochasticDiffEq: EM, NoiseGrid, SDEProblem, SOSRI, SRIW1, solve
    h, n = 0.01, 100
    dw = sqrt(h) .* randn(Xoshiro(3), n)
    found = paths(geometric(), :EulerMaruyama, ones(1, 1), [0.3, 0.5], Grid(collect(range(0, 1; length=n + 1)), 1), Matrix(dw'))
    by_hand = cumprod(1 .+ 0.3h .+ 0.5 .* dw)
    @test found.path[1, 1, 2:end] ≈ by_hand rtol = 1e-13
    grid = NoiseGrid(collect(range(0, 1; length=n + 1)), [0.0; cumsum(dw)])
    problem = SDEProblem((u, p, t) -> 0.3u, (u, p, t) -> 0.5u, 1.0, (0.0, 1.0); noise=grid)
    native(algorithm) = solve(problem, algorithm; dt=h, adaptive=false).u[end]
    @test PySciML.sde_algorithm("EulerMaruyama") == EM(false)
    @test native(EM(false)) ≈ by_hand[end] rtol = 1e-12
    @test abs(native(EM()) - by_hand[end]) > 1e-5  # the amplitude at another state
end

@testset "solvers of StochasticDiffEq by name" begin
    @test PySciML.sde_algorithm("SOSRI") == SOSRI()
    @test PySciML.sde_algorithm("AdaptiveSRIW1") == SRIW1()
    @test_throws PySciML.NoSolver PySciML.sde_algorithm("Tsit5")
    @test_throws PySciML.NoSolver PySciML.sde_algorithm("eval")
end

@testset "paths keep their law where steps are rejected" begin
    using DiffEqNoiseProcess: RSWM, WienerProcess!
    # x' = 30 has first steps rejected; w is the Wiener process itself.
    f(du, u, p, t) = (du[1] = 30.0; du[2] = 0.0; nothing)
    g(du, u, p, t) = (du[1] = 0.0; du[2] = 1.0; nothing)
    count, early = 1000, 5e-4
    function spread(noise)
        rejected, w = 0, zeros(count)
        for seed in 1:count
            problem = SDEProblem(f, g, zeros(2), (0.0, 0.01); seed, noise=noise())
            integ = PySciML.init(problem, SOSRI(); reltol=1e-2, abstol=1e-4, tstops=[early])
            while integ.t < early
                PySciML.step!(integ)
            end
            w[seed], rejected = integ.u[2], rejected + integ.stats.nreject
        end
        @test rejected > count
        return var(w) / early
    end
    @test spread(() -> PySciML.brownian(bending(), 0.0)) ≈ 1 atol = 4 * sqrt(2 / count)
    # Natively, by default, the path is far too wide.
    @test spread(() -> nothing) > 10
end
