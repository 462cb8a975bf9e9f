using OrdinaryDiffEqTsit5, OrdinaryDiffEqRosenbrock, StochasticDiffEq
using SciMLBase: ODEProblem, SDEProblem, ReturnCode, solve

const DECAYING = """
drift!(du, u, p, t) = (du[1] = -p[1] * u[1]; nothing)
drift(u, p, t) = (-p[1] * u[1],)
drift_jac!(J, u, p, t) = (J[1] = -p[1]; nothing)
drift_jac(u, p, t) = (-p[1],)
diffusion!(du, u, p, t) = (du[1] = 0.1u[1]; nothing)
diffusion(u, p, t) = (0.1u[1],)
condition_1(u, p, t) = u[1] - 0.5
reset_1!(du, u, p, t) = (du[1] = 2.0; nothing)
reset_1(u, p, t) = (2.0,)
"""
styles(names...) = Dict(n => "scalar" for n in names)

@testset "a system is a problem of SciML with its names" begin
    system = System(DECAYING; states=1, params=1, styles=styles("drift", "drift_jac"))
    problem = Base.invokelatest(native_problem, system, [1.0], (0, 1), [2.0], ["x"], ["k"])
    @test problem isa ODEProblem
    for algorithm in (Tsit5(), Rodas5P())
        solution = Base.invokelatest(solve, problem, algorithm; reltol=1e-10, abstol=1e-10)
        @test solution[:x][end] ≈ exp(-2) rtol = 1e-8
    end
end

@testset "events are callbacks in the direction of the event" begin
    for (direction, expected) in ((-1, 2exp(-(1 - log(2)))), (1, exp(-1)), (0, 2exp(-(1 - log(2)))))
        all = styles("drift", "condition_1", "reset_1")
        system = System(DECAYING; states=1, params=1, styles=all, events=(("e", direction, false),))
        problem = Base.invokelatest(native_problem, system, [1.0], (0, 1), [1.0])
        solution = Base.invokelatest(solve, problem, Tsit5(); reltol=1e-10, abstol=1e-10)
        @test solution.u[end][1] ≈ expected rtol = 1e-8
    end
    all = styles("drift", "condition_1")
    system = System(DECAYING; states=1, params=1, styles=all, events=(("e", 0, true),))
    problem = Base.invokelatest(native_problem, system, [1.0], (0, 9), [1.0])
    solution = Base.invokelatest(solve, problem, Tsit5(); reltol=1e-10, abstol=1e-10)
    @test solution.retcode == ReturnCode.Terminated
    @test solution.t[end] ≈ log(2) rtol = 1e-8
end

@testset "noise of each kind" begin
    for (noise, sources) in ((:diagonal, 1), (:scalar, 1), (:general, 1))
        all = styles("drift", "diffusion")
        system = System(DECAYING; states=1, params=1, styles=all, noise, sources)
        problem = Base.invokelatest(native_problem, system, [1.0], (0, 1), [0.0])
        @test problem isa SDEProblem
        solution = Base.invokelatest(solve, problem, EM(false); dt=1 / 1024, seed=1, save_noise=true)
        path = solution.W.W isa Vector{<:Number} ? solution.W.W : first.(solution.W.W)
        @test solution.u[end][1] ≈ prod(1 .+ 0.1 * diff(path)) rtol = 1e-10
    end
end

@testset "every task has work arrays of its own" begin
    seen = Vector{Float64}[]
    noted(out, _, cache) = (push!(seen, cache); nothing)
    f = PySciML.by_task(PySciML.Cached(noted, T -> zeros(T, 1), Float64))
    f([1.0], 0)
    f([1.0], 0)
    wait(Threads.@spawn f([1.0], 0))
    @test seen[1] === seen[2]
    @test seen[1] !== seen[3]
    @test PySciML.by_task(sin) === sin
end
