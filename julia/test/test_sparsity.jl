using OrdinaryDiffEqRosenbrock, SparseArrays
using OrdinaryDiffEqRosenbrock.SciMLBase: ODEFunction, ODEProblem, ReturnCode, solve

# A chain of three, u_i' = -p_i u_i + u_(i-1), whose Jacobian has five elements.
const CHAIN = """
function drift!(du, u, p, t)
    du[1] = -p[1] * u[1]
    du[2] = u[1] - p[2] * u[2]
    du[3] = u[2] - p[3] * u[3]
    return nothing
end
function drift_jac!(J, u, p, t)
    J[1] = -p[1]
    J[2] = 1.0
    J[3] = -p[2]
    J[4] = 1.0
    J[5] = -p[3]
    return nothing
end
drift(u, p, t) = (-p[1] * u[1], u[1] - p[2] * u[2], u[2] - p[3] * u[3])
drift_jac(u, p, t) = (-p[1], 1.0, -p[2], 1.0, -p[3])
"""

function chain()
    styles = Dict("drift" => "scalar", "drift_jac" => "scalar")
    sparsity = ([0, 2, 4, 5], [0, 1, 1, 2, 2])
    return System(CHAIN; states=3, params=3, styles, sparsity)
end

@testset "a sparse Jacobian fills any matrix" begin
    system, p = chain(), [1.0, 2.0, 3.0]
    expected = [-1.0 0 0; 1 -2 0; 0 1 -3]
    for J in (PySciML.jac_prototype(system), fill(7.0, 3, 3), sparse(fill(7.0, 3, 3)))
        Base.invokelatest(system.drift.inplace.jac, J, zeros(3), p, 0.0)
        @test Matrix(J) == expected
    end
    @test nnz(PySciML.jac_prototype(system)) == 5
    @test !haskey(system.drift.values, :jac)
    other = PySciML.fresh(system).drift.inplace.jac
    @test other.elements !== system.drift.inplace.jac.elements
    @test PySciML.jac_prototype(lorenz()) === nothing
end

@testset "stiff solvers take it" begin
    system, p = chain(), [1.0, 1e3, 1e5]
    f = ODEFunction(
        system.drift.inplace.value;
        jac=system.drift.inplace.jac,
        jac_prototype=PySciML.jac_prototype(system),
    )
    problem = ODEProblem(f, [1.0, 0.0, 0.0], (0.0, 1.0), p)
    solution = Base.invokelatest(solve, problem, Rodas5P(); reltol=1e-9, abstol=1e-14)
    @test solution.retcode == ReturnCode.Success
    @test solution.u[end][1] ≈ exp(-1) rtol = 1e-7
    @test solution.u[end][2] ≈ exp(-1) / 999 rtol = 1e-6
    @test solution.stats.nf < 3000
end
