# What is compiled when the package is: the solves that come first in a session. Models differ in
# their translated functions, which are compiled when they arrive; the solvers around them do not.
using PrecompileTools: @compile_workload

# A spring with friction, as the translator writes it.
const SPRING = """
drift(u, p, t) = (u[2], -p[1] * u[1] - p[2] * u[2])
drift!(du, u, p, t) = (du[1] = u[2]; du[2] = -p[1] * u[1] - p[2] * u[2]; nothing)
drift_jac(u, p, t) = (0.0, -p[1], 1.0, -p[2])
drift_jac!(J, u, p, t) = (J[1] = 0; J[2] = -p[1]; J[3] = 1; J[4] = -p[2]; nothing)
drift_tgrad(u, p, t) = (0.0, 0.0)
drift_tgrad!(du, u, p, t) = (fill!(du, 0); nothing)
drift_jvp(u, p, t, v, q) = (v[2], -p[1] * v[1] - p[2] * v[2])
drift_jvp!(du, u, p, t, v, q) = (du[1] = v[2]; du[2] = -p[1] * v[1] - p[2] * v[2]; nothing)
diffusion(u, p, t) = (p[1], p[2])
diffusion!(du, u, p, t) = (du[1] = p[1]; du[2] = p[2]; nothing)
"""

function first_solves()
    parts, times, p = ("drift", "drift_jac", "drift_tgrad", "drift_jvp"), [0.0, 0.5, 1.0], [2.0, 0.1]
    spring(style) = System(SPRING; states=2, params=2, styles=Dict(part => style for part in parts))
    solved(system; batch=1, options...) = solve_batch!(
        zeros(batch, 2, 3), zeros(Int32, batch), zeros(batch), zeros(Int, batch, 4), system,
        ones(batch, 2), p, times; options...,
    )
    for style in ("scalar", "loops")
        solved(spring(style); algorithm="Tsit5", fallback="Rodas5P", batch=2)
        solved(spring(style); algorithm="Rodas5P")
        solved(spring(style); algorithm="RK4", substeps=4)
    end
    solve_plain!(
        zeros(1, 2, 3), zeros(Int32, 1), zeros(1), zeros(Int, 1, 4), zeros(Int8, 1), spring("scalar"),
        ones(1, 2), p, times, "Tsit5", "Rodas5P", 1e-6, 1e-9,
    )
    outputs() = zeros(4, 2, 3), zeros(Int32, 4), zeros(4), zeros(Int, 4), zeros(Int, 4), zeros(Int8, 1)
    u0, given = ones(4, 2), (p, Int[], zeros(4, 0))
    lanes_tsit5!(outputs(), spring("scalar"), u0, given, times, "cpu", 1e-6, 1e-9, false)
    styles = Dict("drift" => "scalar", "diffusion" => "scalar")
    noisy = System(SPRING; states=2, params=2, styles, noise="diagonal", sources=2)
    noise = "threefry", 0, 0, zeros(0, 0)
    lanes_fixed!(outputs(), noisy, u0, given, times, "cpu", "EulerMaruyama", 4, noise)
    return nothing
end

@compile_workload first_solves()
