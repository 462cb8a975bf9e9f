# What SciMLSensitivity gives, beside our sweeps and central differences.
using Random
using SciMLSensitivity: ReverseDiffAdjoint
using StochasticDiffEq: EM, SDEProblem, SOSRI, solve
using Zygote: Zygote

include("adjoints.jl")

@testset "the routes of SciMLSensitivity, with our cotangents, agree with our sweep: $sensealg" for
        sensealg in (
            :InterpolatingAdjoint, :GaussAdjoint, :QuadratureAdjoint, :BacksolveAdjoint,
            :ForwardDiffSensitivity,
        )
    system = driven(; style="loops")
    times, u0, p = [0.0, 0.5, 2.0], [1.1, 0.8], [0.7, 0.4, 0.0, 0.0]
    w = [0.0 1.0 -0.5; 0.0 0.3 2.0]
    ours = gradient(system, w, u0, p, times; steps=200)
    native = native_gradient(system, w, u0, p, times; sensealg)
    @test native.u0 ≈ ours.u0 rtol = 1e-5
    @test native.p ≈ ours.p rtol = 1e-5
end

@testset "why ReverseDiffAdjoint through SOSRI is refused: its gradients are zero" begin
    rate!(du, u, p, t) = (du[1] = -p[1] * u[1]; nothing)
    noise!(du, u, p, t) = (du[1] = p[2] * u[1]; nothing)
    problem = SDEProblem(rate!, noise!, [1.0], (0.0, 0.5), [0.7, 0.3])
    last(p; settings...) = solve(
        problem, SOSRI(); p, adaptive=false, dt=0.05, seed=7, save_everystep=false, settings...
    ).u[end][1]
    p = [0.7, 0.3]
    native = Zygote.gradient(p -> last(p; sensealg=ReverseDiffAdjoint()), p)[1]
    differences = map(1:2) do k
        unit = [k == 1, k == 2] .* 1e-5
        (last(p .+ unit) - last(p .- unit)) / 2e-5
    end
    @test abs(differences[1]) > 0.1
    @test native === nothing || maximum(abs, native .- differences) > 0.1  # and nothing says so
    @test_throws "are all zero" check_native_route(:ReverseDiffAdjoint, :SOSRI, driven(:diagonal))
    @test check_native_route(:ReverseDiffAdjoint, :EM, driven(:diagonal)) === nothing
end

@testset "every problem has a route, with its reason" begin
    routes = [
        gradient_route(driven()).route,
        gradient_route(driven(); solver="Rodas5P").route,
        gradient_route(driven(); solver="RK4").route,
        gradient_route(driven(:diagonal); solver="EulerMaruyama").route,
        gradient_route(driven(:diagonal); solver="SRIW1").route,
    ]
    @test routes == [:recorded_steps, :tangents, :fixed_steps, :fixed_steps, :tangents]
    @test occursin("accepted", gradient_route(driven()).reason)
end
