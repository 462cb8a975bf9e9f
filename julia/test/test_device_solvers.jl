# The kernels of DiffEqGPU, on the CPU: there is nothing to test where that package is not.
if !isnothing(Base.identify_package("DiffEqGPU"))
    using DiffEqGPU: DiffEqGPU
    using KernelAbstractions: CPU
    using Logging: NullLogger, with_logger
    using PySciML: NoSolver
    using PySciML.Lanes: Result, Swept, Tolerances, solve_native_on!

    # x' = -a (x - cos t) - sin t: from 1, x is cos t.
    const PULLED = """
    drift(u, p, t) = (-p[1] * (u[1] - cos(t)) - sin(t),)
    drift!(du, u, p, t) = (copyto!(du, drift(u, p, t)); nothing)
    drift_jac(u, p, t) = (-p[1],)
    drift_jac!(J, u, p, t) = (copyto!(J, drift_jac(u, p, t)); nothing)
    drift_tgrad(u, p, t) = (-p[1] * sin(t) - cos(t),)
    drift_tgrad!(du, u, p, t) = (copyto!(du, drift_tgrad(u, p, t)); nothing)
    drift_jvp(u, p, t, v, q) = (-p[1] * v[1] - q[1] * (u[1] - cos(t)),)
    drift_jvp!(du, u, p, t, v, q) = (copyto!(du, drift_jvp(u, p, t, v, q)); nothing)
    """

    # The kernels say that they run on the CPU.
    function on_device(system, name, u0::Matrix{T}, p, times, tolerance) where {T}
        r = Result(T, size(u0)..., length(times))
        with_logger(NullLogger()) do
            solve_native_on!(CPU(), r, system, name, u0, p, times, Tolerances{T}(tolerance, tolerance))
        end
        return r
    end

    const STIFF = ("Kvaerno5", "Rodas4", "Rodas5P", "Rosenbrock23")

    @testset "a stiff equation by $name" for name in STIFF
        system, times = ordinary(PULLED, 1, 1), collect(0:0.3:3)
        rates = [1.0; 30.0; 1e5;;]
        found = on_device(system, name, ones(3, 1), rates, times, 1e-6)
        @test found.path[:, 1, :] ≈ repeat(cos.(times)', 3) atol = 1e-4
        @test found.status == zeros(3) && found.stopped == fill(3.0, 3)
        swept = Swept([0.0], [1], rates)
        @test on_device(system, name, ones(3, 1), swept, times, 1e-6).path == found.path
    end

    @testset "a circle by $name, in $T" for name in ("Vern7", "Vern9", "Rodas5P"), T in (Float64, Float32)
        times, tolerance = T.(0:0.5:6), T(T === Float64 ? 1e-9 : 1e-5)
        found = on_device(ordinary(CIRCLE, 2, 0; T), name, T[1 0; 0 2], T[], times, tolerance)
        @test found.path[1, 1, :] ≈ cos.(times) atol = 200tolerance
        @test found.path[2, 1, :] ≈ 2sin.(times) atol = 400tolerance
    end

    @testset "Robertson by $name" for name in ("Rodas4", "Rodas5P", "Kvaerno5")
        times = [0.0; exp10.(-2:1.0:5)]
        system = ordinary(ROBERTSON, 3, 0)
        found = on_device(system, name, [1.0 0 0], Float64[], times, 1e-8)
        expected = solved(system, [1.0 0 0], Float64[], times; algorithm="Rodas5P", rtol=1e-10, atol=1e-14)
        @test found.path ≈ expected.path rtol = 1e-5
        @test found.path[1, 2, :] ≈ expected.path[1, 2, :] rtol = 1e-2
    end

    @testset "a trajectory that fails leaves the others alone" begin
        found = on_device(ordinary(DECAY, 1, 1), "Vern7", [1.0; NaN; 2.0;;], [2.0], [0.0, 0.5, 1.0], 1e-8)
        @test found.status == [0, 1, 0] && found.stopped == [1, 0, 1]
        @test all(isnan, found.path[2, 1, 2:end])
        @test found.path[[1, 3], 1, end] ≈ [1, 2] .* exp(-2) rtol = 1e-6
    end

    @testset "what has no kernel is refused" begin
        @test_throws NoSolver on_device(ordinary(DECAY, 1, 1), "FBDF", ones(1, 1), [2.0], [0.0, 1.0], 1e-6)
        large = ordinary(DECAY, 1, 1; style="loops")
        @test_throws NoSolver on_device(large, "Vern7", ones(1, 1), [2.0], [0.0, 1.0], 1e-6)
    end
end
