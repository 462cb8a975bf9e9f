# Ensembles through KernelAbstractions: on the CPU, and on arrays that refuse scalar indexing as those
# of a GPU do. There is nothing to test where these packages are not.
if !isnothing(Base.identify_package("KernelAbstractions"))
    using KernelAbstractions: CPU
    using PySciML.Lanes: Grid, Noise, Result, Tolerances, solve_on!
    using Random

    @isdefined(noisy) || include("noisy.jl")

    backends = Any[CPU()]
    if !isnothing(Base.identify_package("JLArrays"))
        using JLArrays: JLArrays, JLBackend, allowscalar
        allowscalar(false)
        push!(backends, JLBackend())
    end

    made(u0, grid) = Result(eltype(u0), size(u0)..., length(grid.times))

    @testset "fixed steps on $(nameof(typeof(backend)))" for backend in backends
        for (method, make, p) in (
            (:EulerMaruyama, geometric, [0.3, 0.5]),
            (:Heun, bending, [1.0, 0.4, 0.5]),
            (:Milstein, both, [0.3, 0.5, -0.4]),
            (:SRIW1, pair, [0.3, 0.5, -0.4]),
        )
            system = make(; calculus=method === :Heun ? :stratonovich : :ito)
            u0 = 0.5 .+ rand(Xoshiro(1), 20, system.states)
            sweep = repeat(p', 20) .* (1 .+ 0.1 .* (1:20))
            grid, noise = Grid(collect(0:0.5:2), 7), Noise(:threefry, 5, 3)
            expected = solve_lanes!(made(u0, grid), system, method, u0, sweep, grid, noise)
            found = solve_on!(backend, made(u0, grid), system, method, u0, sweep, grid, noise)
            @test found.path ≈ expected.path rtol = 1e-13
            @test found.status == expected.status && found.stopped == expected.stopped
        end
        system, u0, grid = geometric(), ones(3, 1), Grid([0.0, 1.0], 4)
        given, p = randn(Xoshiro(2), 3, 4) ./ 2, [0.3, 0.5]
        expected = solve_lanes!(made(u0, grid), system, :EulerMaruyama, u0, p, grid, given)
        found = solve_on!(backend, made(u0, grid), system, :EulerMaruyama, u0, p, grid, given)
        @test found.path ≈ expected.path rtol = 1e-14
    end

    @testset "Tsit5 on $(nameof(typeof(backend)))" for backend in backends, T in (Float64, Float32)
        system = System(
            "drift(u, p, t) = (u[2], -p[1] * u[1])\ndrift!(du, u, p, t) = (du .= drift(u, p, t); nothing)";
            T, states=2, params=1, styles=Dict("drift" => "scalar"),
        )
        u0, p, times = T[0 1; 0 2; NaN 0], T[1; 4; 1;;], T.(collect(0:0.5:3))
        r = Result(T, 3, 2, 7)
        solve_on!(backend, r, system, u0, p, times, Tolerances{T}(1e-5, 1e-5))
        @test r.path[1, 1, :] ≈ sin.(times) atol = 1e-3
        @test r.path[2, 1, :] ≈ sin.(2 .* times) atol = 1e-3
        @test r.status == [0, 0, 1] && r.stopped[1:2] == [3, 3]
        expected = solve_lanes!(Result(T, 3, 2, 7), system, u0, p, times, Tolerances{T}(1e-5, 1e-5))
        @test r.steps[1:2] == expected.steps[1:2]
        @test r.path[1:2, :, :] ≈ expected.path[1:2, :, :] rtol = 100eps(T)
    end
end
