# Stochastic systems as the translator writes them, by hand: exact solutions, or known moments.
using LinearAlgebra

inplace(name, inputs, outputs="du") = """
function $(name)!($outputs, $inputs)
    $outputs .= $(name)($inputs)
    return nothing
end
"""

function noisy(drift, diffusion, jac, jvp; states, params, noise, sources=states, calculus=:ito)
    text = """
    drift(u, p, t) = @inbounds ($drift)
    diffusion(u, p, t) = @inbounds ($diffusion)
    diffusion_jac(u, p, t) = @inbounds ($jac)
    diffusion_jvp(u, p, t, v, q) = @inbounds ($jvp)
    """
    for (name, inputs) in (
        "drift" => "u, p, t", "diffusion" => "u, p, t", "diffusion_jac" => "u, p, t",
        "diffusion_jvp" => "u, p, t, v, q",
    )
        text *= inplace(name, inputs)
    end
    names = ("drift", "diffusion", "diffusion_jac", "diffusion_jvp")
    styles = Dict(name => "scalar" for name in names)
    return System(text; states, params, styles, noise, sources, calculus)
end

# dx = a x dt + b x dW in the sense that is asked for.
geometric(; kw...) = noisy(
    "p[1] * u[1],", "p[2] * u[1],", "p[2],", "p[2] * v[1] + q[2] * u[1],";
    states=1, params=2, noise=:diagonal, kw...,
)
# Two of them, driven by one source.
pair(; kw...) = noisy(
    "p[1] * u[1], p[1] * u[2]", "p[2] * u[1], p[3] * u[2]", "p[2], 0.0, 0.0, p[3]",
    "p[2] * v[1] + q[2] * u[1], p[3] * v[2] + q[3] * u[2]";
    states=2, params=3, noise=:scalar, sources=1, kw...,
)
# One, driven by two sources.
both(; kw...) = noisy(
    "p[1] * u[1],", "p[2] * u[1], p[3] * u[1]", "p[2], p[3]",
    "p[2] * v[1] + q[2] * u[1], p[3] * v[1] + q[3] * u[1]";
    states=1, params=3, noise=:general, sources=2, kw...,
)
# dx = -a x dt + b dW
relaxing(; kw...) = noisy(
    "-p[1] * u[1],", "p[2],", "0.0,", "q[2],"; states=1, params=2, noise=:diagonal, kw...,
)
# Noise with a constant amplitude in a drift that bends: y' = sin(x), x' = -x + noise
bending(; kw...) = noisy(
    "sin(u[2]) - u[1], p[1] * (1 - u[2])", "p[2], p[3] + 0.2t", "0.0, 0.0, 0.0, 0.0", "q[2], q[3]";
    states=2, params=3, noise=:diagonal, kw...,
)
