# Lorenz 63: the solution to 16 digits, in 256 bits, and what Float64 at 1e-12 makes of it.
include("record.jl")
using OrdinaryDiffEqVerner, StaticArrays
using SciMLBase: ODEProblem, solve

lorenz(u, p, t) = SVector(p[1] * (u[2] - u[1]), u[1] * (p[2] - u[3]) - u[2], u[1] * u[2] - p[3] * u[3])

function path(T, tolerance, times)
    u0, p = SVector{3,T}(1, 0, 0), SVector{3,T}(10, 28, T(8) / 3)
    problem = ODEProblem(lorenz, u0, (zero(T), T(last(times))), p)
    solution = solve(
        problem, Vern9(); abstol=T(tolerance), reltol=T(tolerance), saveat=T.(times), maxiters=10^7
    )
    return stack(solution.u; dims=1)
end

times = 0:0.5:15
exact, double = path(BigFloat, big"1e-22", times), path(Float64, 1e-12, times)
record(
    "lorenz63",
    "Lorenz 63 from (1, 0, 0), sigma 10, rho 28, beta 8/3: Vern9 in 256 bits at 1e-22; _double: Vern9 in Float64 at 1e-12",
    ["OrdinaryDiffEqVerner"],
    [
        "time" => (("time",), collect(times))
        [name => (("time",), exact[:, k]) for (k, name) in enumerate("xyz")]
        ["$(name)_double" => (("time",), double[:, k]) for (k, name) in enumerate("xyz")]
    ],
)
