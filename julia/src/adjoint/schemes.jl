export Euler, EulerMaruyama, EulerHeun, Heun, RK4

"""
    Scheme

An explicit Runge-Kutta scheme of fixed step, with noise or without.

Stage `i` is `y_i = u + h Σ_j A[i, j] f_j + Σ_j B[i, j] g_j`, with `f_j` the drift at stage `j` and
`g_j` the diffusion there times the increments; a step adds `h Σ_i a[i] f_i + Σ_i b[i] g_i`. Stage
`i` is at time `t + c[i] h`.
"""
abstract type Scheme end

"Euler's scheme; with noise that of Euler and Maruyama (Ito; strong order 1/2)."
struct EulerMaruyama <: Scheme end
const Euler = EulerMaruyama

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

const SCHEMES = (; EulerMaruyama=EulerMaruyama(), Euler=EulerMaruyama(), EulerHeun=EulerHeun(), Heun=Heun(), RK4=RK4())

# What is used of stage i: the drift, and the noise.
uses(A, a, i) = a[i] != 0 || any(!=(0), A[:, i])
