# Systems with hand-written cotangents, in tuples, in place and in both: two states that are driven
# by noise of each kind, and gradients by finite differences.
const NOISY = Dict(
    :diagonal => (
        "(p[3] * u[1], p[4] + 0.1 * u[2]^2)",
        "((p[3] * w[1], 0.2 * u[2] * w[2]), (zero(w[1]), zero(w[1]), u[1] * w[1], w[2]))",
        2,
    ),
    :scalar => (
        "(p[3] * u[2], p[4] * u[1])",
        "((p[4] * w[2], p[3] * w[1]), (zero(w[1]), zero(w[1]), u[2] * w[1], u[1] * w[2]))",
        1,
    ),
    :general => (
        "(p[3] * u[1], zero(u[1]), p[4], u[1] * u[2], p[3] * u[2], one(u[1]))",
        "((p[3] * w[1] + u[2] * w[4], u[1] * w[4] + p[3] * w[5]), " *
        "(zero(w[1]), zero(w[1]), u[1] * w[1] + u[2] * w[5], w[3]))",
        3,
    ),
)
const DRIFT = "(p[1] * u[2] * sin(t), p[2] * u[1] * u[2] - u[2])"
const DRIFT_VJP =
    "((p[2] * u[2] * w[2], p[1] * sin(t) * w[1] + (p[2] * u[1] - 1) * w[2]), " *
    "(u[2] * sin(t) * w[1], u[1] * u[2] * w[2], zero(w[1]), zero(w[1])))"
const DRIFT_JVP =
    "(q[1] * u[2] * sin(t) + p[1] * v[2] * sin(t), " *
    "q[2] * u[1] * u[2] + p[2] * (v[1] * u[2] + u[1] * v[2]) - v[2])"

# A function in both styles: with one result in place, or with two.
both_ways(name, arguments, tuple) = """
$(name)($arguments) = $tuple
$(name)!(du, $arguments) = (copyto!(du, $(name)($arguments)); nothing)
"""
both_ways_back(name, arguments, tuple) = """
$(name)($arguments) = $tuple
function $(name)!(gu, gp, $arguments)
    copyto!(gu, $(name)($arguments)[1])
    copyto!(gp, $(name)($arguments)[2])
    return nothing
end
"""

function driven(kind=:none; style="scalar", calculus=:ito, T=Float64)
    text = both_ways("drift", "u, p, t", DRIFT) *
        both_ways_back("drift_vjp", "u, p, t, w", DRIFT_VJP) *
        both_ways("drift_jvp", "u, p, t, v, q", DRIFT_JVP)
    names, sources = ["drift", "drift_vjp", "drift_jvp"], 0
    if kind !== :none
        value, vjp, sources = NOISY[kind]
        text *= both_ways("diffusion", "u, p, t", value) *
            both_ways_back("diffusion_vjp", "u, p, t, w", vjp)
        append!(names, ["diffusion", "diffusion_vjp"])
    end
    T === Float32 && (text = replace(text, r"(\d\.\d)" => s"\1f0"))
    styles = Dict(name => style for name in names)
    return System(text; states=2, params=4, T, styles, noise=kind, calculus, sources)
end

"Compare a gradient with central differences along one direction: give both numbers."
function along(loss, at, gradient; step=1e-5)
    rng = MersenneTwister(5)
    direction = map(x -> randn(rng, size(x)), at)
    moved(s) = loss(map((x, d) -> x .+ s .* d, at, direction)...)
    difference = (8 * (moved(step) - moved(-step)) - (moved(2step) - moved(-2step))) / 12step
    return sum(sum(g .* d) for (g, d) in zip(gradient, direction)), difference
end
