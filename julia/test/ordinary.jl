# Small ordinary equations with their derivatives, as the translator writes them, and a short way to
# solve them.
const NONE = """
drift_tgrad(u, p, t) = zero.(Tuple(u))
drift_tgrad!(du, u, p, t) = (fill!(du, 0); nothing)
drift_jvp(u, p, t, v, q) = zero.(Tuple(u))
drift_jvp!(du, u, p, t, v, q) = (fill!(du, 0); nothing)
"""

const DECAY = """
drift(u, p, t) = (-p[1] * u[1],)
drift!(du, u, p, t) = (du[1] = -p[1] * u[1]; nothing)
drift_jac(u, p, t) = (-p[1],)
drift_jac!(J, u, p, t) = (J[1] = -p[1]; nothing)
$NONE"""

# A circle, u'' = -u.
const CIRCLE = """
drift(u, p, t) = (u[2], -u[1])
drift!(du, u, p, t) = (du[1] = u[2]; du[2] = -u[1]; nothing)
drift_jac(u, p, t) = (0.0, -1.0, 1.0, 0.0)
drift_jac!(J, u, p, t) = (J[1] = 0; J[2] = -1; J[3] = 1; J[4] = 0; nothing)
$NONE"""

# A follower of its input: u' = rate (x - u), where x is the second of p.
const FOLLOWER = """
drift(u, p, t) = (p[1] * (p[2] - u[1]),)
drift!(du, u, p, t) = (du[1] = p[1] * (p[2] - u[1]); nothing)
drift_jac(u, p, t) = (-p[1],)
drift_jac!(J, u, p, t) = (J[1] = -p[1]; nothing)
drift_tgrad(u, p, t) = (0.0,)
drift_tgrad!(du, u, p, t) = (du[1] = 0; nothing)
drift_jvp(u, p, t, v, q) = (q[1] * (p[2] - u[1]) + p[1] * (q[2] - v[1]),)
drift_jvp!(du, u, p, t, v, q) = (du[1] = q[1] * (p[2] - u[1]) + p[1] * (q[2] - v[1]); nothing)
"""

const ROBERTSON = """
drift(u, p, t) = (
    -0.04u[1] + 1e4 * u[2] * u[3], 0.04u[1] - 1e4 * u[2] * u[3] - 3e7 * u[2]^2, 3e7 * u[2]^2
)
drift!(du, u, p, t) = (copyto!(du, drift(u, p, t)); nothing)
drift_jac(u, p, t) = (
    -0.04, 0.04, 0.0, 1e4 * u[3], -1e4 * u[3] - 6e7 * u[2], 6e7 * u[2], 1e4 * u[2], -1e4 * u[2], 0.0
)
drift_jac!(J, u, p, t) = (copyto!(J, drift_jac(u, p, t)); nothing)
$NONE"""

function ordinary(text, states, params; style="scalar", T=Float64, events=(), more=())
    parts = ("drift", "drift_jac", "drift_tgrad", "drift_jvp")
    styles = Dict{String,String}(part => style for part in parts)
    foreach(name -> styles[name] = "scalar", more)
    return System(text; states, params, T, styles, events)
end

"Solve with rows of `u0`; the states (trajectory, state, time) and what else came out."
function solved(system, u0, p, times; options...)
    T, batch = eltype(system), size(u0, 1)
    path = fill(T(-77), batch, size(u0, 2), length(times))
    status, stopped, counts = zeros(Int32, batch), zeros(batch), zeros(Int, batch, 4)
    seen = solve_batch!(path, status, stopped, counts, system, u0, p, times; options...)
    return (; path, status, stopped, counts, seen)
end

lorenz_with_derivatives() = ordinary(
    LORENZ * """
    drift_jac(u, p, t) = (
        -p[1], p[2] - u[3], u[2], p[1], -1.0, u[1], 0.0, -u[1], -p[3]
    )
    drift_jac!(J, u, p, t) = (copyto!(J, drift_jac(u, p, t)); nothing)
    $NONE""",
    3,
    3,
)
