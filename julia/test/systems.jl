# Systems as the translator writes them, by hand.
const LORENZ = """
function drift!(du, u, p, t)
    du[1] = p[1] * (u[2] - u[1])
    du[2] = u[1] * (p[2] - u[3]) - u[2]
    du[3] = u[1] * u[2] - p[3] * u[3]
    return nothing
end
drift(u, p, t) = (p[1] * (u[2] - u[1]), u[1] * (p[2] - u[3]) - u[2], u[1] * u[2] - p[3] * u[3])
"""

lorenz() = System(LORENZ; states=3, params=3, styles=Dict("drift" => "scalar"))
