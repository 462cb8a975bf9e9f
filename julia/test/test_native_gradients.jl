# What SciMLSensitivity gives, beside our sweeps and central differences.
using Random
using SciMLSensitivity: BacksolveAdjoint, InterpolatingAdjoint, ReverseDiffAdjoint, ReverseDiffVJP
using StochasticDiffEq: EM, EulerHeun, SDEProblem, SOSRI, solve
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

@testset "packages of automatic differentiation find the cotangents that are translated: $vjp" for
        vjp in (:Zygote, :ReverseDiff, :ForwardDiff)
    system = driven(; style="scalar")
    times, u0, p = [0.0, 0.5, 2.0], [1.1, 0.8], [0.7, 0.4, 0.0, 0.0]
    w = [0.0 1.0 -0.5; 0.0 0.3 2.0]
    exact, found = (native_gradient(system, w, u0, p, times; vjp=v) for v in (:translated, vjp))
    @test found.u0 ≈ exact.u0 rtol = 1e-7
    @test found.p ≈ exact.p rtol = 1e-7
    @test_throws "there is no package for cotangents Zigote" native_gradient(
        system, w, u0, p, times; vjp=:Zigote
    )
end

# The end of a path with multiplicative noise: its derivatives by (decay, amplitude), along the path
# of one seed, as SciMLSensitivity gives them and by central differences.
function of_path(alg, sensealg; dt)
    rate!(du, u, p, t) = (du[1] = -p[1] * u[1]; nothing)
    noise!(du, u, p, t) = (du[1] = p[2] * u[1]; nothing)
    problem = SDEProblem(rate!, noise!, [1.0], (0.0, 0.5), [0.7, 0.3])
    last(p; settings...) = solve(
        problem, alg; p, adaptive=false, dt, seed=7, save_noise=true, settings...
    ).u[end][1]
    p = [0.7, 0.3]
    native = Zygote.gradient(p -> last(p; sensealg), p)[1]
    differences = map(1:2) do k
        unit = [k == 1, k == 2] .* 1e-5
        (last(p .+ unit) - last(p .- unit)) / 2e-5
    end
    return native === nothing ? zeros(2) : native, differences
end

apart(native, differences) = maximum(abs, (native .- differences) ./ differences)

@testset "why ReverseDiffAdjoint through SOSRI is refused: its gradients are zero" begin
    native, differences = of_path(SOSRI(), ReverseDiffAdjoint(); dt=0.05)
    @test minimum(abs, differences) > 0.1
    @test all(iszero, native)
    @test_throws "are all zero" check_native_route(:ReverseDiffAdjoint, :SOSRI, driven(:diagonal))
end

@testset "why ReverseDiffAdjoint through EulerHeun is refused: the noise has no part" begin
    native, differences = of_path(EulerHeun(), ReverseDiffAdjoint(); dt=0.01)
    @test apart(native, differences) > 0.2
    @test_throws "the part of the noise" check_native_route(
        :ReverseDiffAdjoint, :EulerHeun, driven(:diagonal; calculus=:stratonovich),
    )
end

@testset "why $name through EM is refused: it does not become right with the step" for
        (name, sensealg) in (
            :InterpolatingAdjoint => InterpolatingAdjoint(; autojacvec=ReverseDiffVJP()),
            :BacksolveAdjoint => BacksolveAdjoint(; autojacvec=ReverseDiffVJP()),
        )
    errors = [apart(of_path(EM(), sensealg; dt)...) for dt in (1e-2, 1e-3, 1e-4)]
    @test minimum(errors) > 0.03
    @test errors[3] > errors[1] / 2
    @test_throws "at any step" check_native_route(name, :EM, driven(:diagonal))
    # The same through the scheme for the calculus in which adjoints hold.
    @test apart(of_path(EulerHeun(), sensealg; dt=1e-3)...) < 1e-2
end

@testset "a native route that is right is not refused" begin
    @test apart(of_path(EM(), ReverseDiffAdjoint(); dt=0.01)...) < 1e-5
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
