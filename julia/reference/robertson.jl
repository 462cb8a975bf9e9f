# Robertson's stiff reaction over sixteen decades of time.
include("record.jl")
using OrdinaryDiffEqRosenbrock
using SciMLBase: ODEFunction, ODEProblem, solve

function rate!(du, u, p, t)
    k1, k2, k3 = p
    du[1] = -k1 * u[1] + k3 * u[2] * u[3]
    du[2] = k1 * u[1] - k2 * u[2]^2 - k3 * u[2] * u[3]
    du[3] = k2 * u[2]^2
    return nothing
end

function jacobian!(J, u, p, t)
    k1, k2, k3 = p
    J[1, :] .= (-k1, k3 * u[3], k3 * u[2])
    J[2, :] .= (k1, -2k2 * u[2] - k3 * u[3], -k3 * u[2])
    J[3, :] .= (0, 2k2 * u[2], 0)
    return nothing
end

times = [big(10.0)^k for k in -5:11]
problem = ODEProblem(
    ODEFunction(rate!; jac=jacobian!),
    BigFloat[1, 0, 0],
    (big"0.0", times[end]),
    (big"0.04", big"3e7", big"1e4"),
)
solution = solve(
    problem, Rodas5P(); reltol=big"1e-13", abstol=big"1e-24", saveat=times, maxiters=10^7
)
record(
    "robertson",
    "Robertson's reaction from (1, 0, 0), k1 = 0.04, k2 = 3e7, k3 = 1e4: Rodas5P in 256 bits, reltol 1e-13, abstol 1e-24",
    ["OrdinaryDiffEqRosenbrock"],
    [
        "time" => (("time",), Float64[10.0^k for k in -5:11])
        ["y$k" => (("time",), [u[k] for u in solution.u]) for k in 1:3]
    ],
)
