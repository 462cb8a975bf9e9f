"""
    Schemes

Explicit Runge-Kutta schemes of fixed step, with noise or without, in a module of their own since
packages of solvers have others of the same names.

Stage `i` is `y_i = u + h Σ_j A[i, j] f_j + Σ_j B[i, j] g_j`, with `f_j` the drift at stage `j` and
`g_j` the diffusion there times the increments; a step adds `h Σ_i a[i] f_i + Σ_i b[i] g_i`. Stage
`i` is at time `t + c[i] h`.
"""
module Schemes

abstract type Scheme end

"Euler's scheme; with noise that of Euler and Maruyama (Ito; strong order 1/2)."
struct EulerMaruyama <: Scheme end

"Euler in the drift, Heun in the noise (Stratonovich)."
struct EulerHeun <: Scheme end

"Heun's scheme, with noise in the sense of Stratonovich."
struct Heun <: Scheme end

"The classical Runge-Kutta scheme of order 4, for equations without noise."
struct RK4 <: Scheme end

tableau(::Type{EulerMaruyama}) = (A=zeros(1, 1), B=zeros(1, 1), a=[1.0], b=[1.0], c=[0.0])
tableau(::Type{EulerHeun}) = (A=zeros(2, 2), B=[0 0; 1 0.0], a=[1.0, 0], b=[0.5, 0.5], c=[0.0, 1])
tableau(::Type{Heun}) = (A=[0 0; 1 0.0], B=[0 0; 1 0.0], a=[0.5, 0.5], b=[0.5, 0.5], c=[0.0, 1])
tableau(::Type{RK4}) = (
    A=[0 0 0 0; 1/2 0 0 0; 0 1/2 0 0; 0 0 1 0.0],
    B=zeros(4, 4),
    a=[1, 2, 2, 1] ./ 6,
    b=zeros(4),
    c=[0.0, 0.5, 0.5, 1],
)
tableau(scheme::Scheme) = tableau(typeof(scheme))

"Whether stage `i` is used, given how later stages and the step weigh it."
uses(A, a, i) = a[i] != 0 || any(j -> A[j, i] != 0, axes(A, 1))

const NAMED = (;
    Euler=EulerMaruyama(), EulerMaruyama=EulerMaruyama(), EulerHeun=EulerHeun(), Heun=Heun(), RK4=RK4()
)

"Give the scheme of a name."
function named(name)
    haskey(NAMED, Symbol(name)) || throw(ArgumentError(
        "there is no scheme $name; there are $(join(keys(NAMED), ", ", " and "))",
    ))
    return NAMED[Symbol(name)]
end

end
