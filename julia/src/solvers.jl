# Solvers by name: those of pysciml, and all of OrdinaryDiffEq.
using OrdinaryDiffEqCore: OrdinaryDiffEqCore
using OrdinaryDiffEqRosenbrock: OrdinaryDiffEqRosenbrock
using OrdinaryDiffEqTsit5: OrdinaryDiffEqTsit5, Tsit5
using SciMLBase: ADTypes, SciMLBase

"What a solver of pysciml is called in OrdinaryDiffEq, where the names differ."
const NAMES = Dict("Dopri5" => "DP5", "Dopri8" => "DP8")

"The packages of OrdinaryDiffEq, loaded when one of their solvers is asked for."
const PACKAGES = Dict(
    "OrdinaryDiffEqTsit5" => "Tsit5",
    "OrdinaryDiffEqVerner" => "Vern6 Vern7 Vern8 Vern9",
    "OrdinaryDiffEqRosenbrock" => "Rosenbrock23 Rosenbrock32 ROS2 ROS2PR ROS2S ROS3 ROS3P ROS3PR \
        ROS3PRL ROS3PRL2 ROS34PRw ROS34PW1a ROS34PW1b ROS34PW2 ROS34PW3 Rodas3 Rodas3P Rodas23W \
        Rodas3d Rodas4 Rodas42 Rodas4P Rodas4P2 Rodas5 Rodas5P Rodas5Pe Rodas5Pr Rodas6P RosShamp4 \
        Ros4LStab Veldd4 Velds4 GRK4A GRK4T Scholz4_7 RosenbrockW6S4OS",
    "OrdinaryDiffEqSDIRK" => "ImplicitEuler ImplicitMidpoint Trapezoid TRBDF2 SDIRK2 SDIRK22 SSPSDIRK2 \
        Kvaerno3 Kvaerno4 Kvaerno5 KenCarp3 KenCarp4 KenCarp47 KenCarp5 KenCarp58 Cash4 Hairer4 \
        Hairer42 CFNLIRK3 SFSDIRK4 SFSDIRK5 SFSDIRK6 SFSDIRK7 SFSDIRK8 ESDIRK54I8L2SA \
        ESDIRK436L2SA2 ESDIRK437L2SA ESDIRK547L2SA2 ESDIRK659L2SA",
    "OrdinaryDiffEqBDF" => "ABDF2 QNDF1 QNDF2 QNDF QBDF1 QBDF2 QBDF FBDF",
    "OrdinaryDiffEqLowOrderRK" => "Heun Ralston Midpoint RK4 BS3 OwrenZen3 \
        OwrenZen4 OwrenZen5 BS5 DP5 Anas5 RKO65 FRK65 RKM MSRK5 MSRK6 PSRK4p7q6 PSRK3p5q4 \
        PSRK3p6q5 Stepanov5 SIR54 Alshina2 Alshina3 Alshina6",
    "OrdinaryDiffEqHighOrderRK" => "TanYam7 TsitPap8 DP8 PFRK87",
    "OrdinaryDiffEqFeagin" => "Feagin10 Feagin12 Feagin14",
    "OrdinaryDiffEqExtrapolation" => "AitkenNeville ExtrapolationMidpointDeuflhard \
        ExtrapolationMidpointHairerWanner ImplicitEulerExtrapolation \
        ImplicitDeuflhardExtrapolation ImplicitHairerWannerExtrapolation \
        ImplicitEulerBarycentricExtrapolation",
    "OrdinaryDiffEqFIRK" => "RadauIIA3 RadauIIA5 RadauIIA9 AdaptiveRadau",
    "OrdinaryDiffEqStabilizedRK" => "ROCK2 ROCK4 RKC ESERK4 ESERK5 SERK2",
    "OrdinaryDiffEqAdamsBashforthMoulton" => "VCAB3 VCAB4 VCAB5 VCABM3 VCABM4 VCABM5 VCABM",
    "OrdinaryDiffEqNordsieck" => "AN5 JVODE JVODE_Adams JVODE_BDF",
    "OrdinaryDiffEqQPRK" => "QPRK98",
    "OrdinaryDiffEqSSPRK" => "SSPRK432 SSPRK932 SSPRK43",
    "OrdinaryDiffEqLowStorageRK" => "RDPK3Sp35 RDPK3SpFSAL35 RDPK3Sp49 RDPK3SpFSAL49 RDPK3Sp510 \
        RDPK3SpFSAL510",
)

"""
    NoSolver(message)

There is no such solver, or its package is not there.
"""
struct NoSolver <: Exception
    message::String
end
Base.showerror(io::IO, error::NoSolver) = print(io, error.message)

"""
    algorithm(name; options...)

The algorithm of OrdinaryDiffEq that is called `name`, of pysciml's names or its own. Its package is
loaded if need be. Jacobians come from the model, so that none is taken by dual numbers.

```jldoctest
julia> nameof(typeof(algorithm("Rodas5P")))
:Rodas5P
```
"""
function algorithm(name::AbstractString; options...)
    isempty(options) || return new_algorithm(name; options...)
    return lock(() -> get!(() -> new_algorithm(name), ALGORITHMS, name), LOCK)
end
algorithm(chosen; options...) = chosen

# To find out what an algorithm takes takes longer than a short solve.
const ALGORITHMS, LOCK = Dict{String,Any}("Tsit5" => Tsit5()), ReentrantLock()

function new_algorithm(name; options...)
    kind = algorithm_type(get(NAMES, name, String(name)))
    jacobian = (; autodiff=ADTypes.AutoFiniteDiff())
    made = Base.invokelatest() do
        takes = any(m -> :autodiff in Base.kwarg_decl(m), methods(kind, ()))
        return kind(; (takes ? jacobian : (;))..., options...)
    end
    Base.invokelatest(SciMLBase.isadaptive, made) || throw(
        NoSolver("$name takes steps of a length that is given; use one with adaptive steps, or RK4."),
    )
    return made
end

# Whether compiling a system into the solver pays: implicit ones take seconds to compile.
specialises(::Tsit5) = true
specialises(method) = false

# Interpolants of implicit one-step methods are not accurate within long steps: a component that
# follows another fast is right at the ends of steps alone. So they end steps on the times to save.
ends_on_saves(::Nothing) = false
ends_on_saves(method) =
    OrdinaryDiffEqCore.isimplicit(method) && !OrdinaryDiffEqCore.ismultistep(method)

# Whether a method keeps nothing of a trajectory that would show in the next.
forgets(::Tsit5) = true
forgets(::OrdinaryDiffEqCore.OrdinaryDiffEqRosenbrockAdaptiveAlgorithm) = true
forgets(method) = false

function algorithm_type(name)
    for (package, solvers) in PACKAGES
        name in split(solvers) && return getfield(required(package, name), Symbol(name))
    end
    throw(
        NoSolver(
            "There is no solver '$name' of ordinary differential equations with adaptive steps.",
        ),
    )
end

"The names of all solvers, with spaces between them."
solver_names() = join(values(PACKAGES), " ")

function required(package, solver)
    for (id, home) in Base.loaded_modules
        id.name == package && return home
    end
    id = Base.identify_package(package)
    id === nothing && throw(
        NoSolver(
            "$solver is in $package, which is not in this environment of Julia: " *
            "add it with `import Pkg; Pkg.add(\"$package\")`, or use Tsit5, or Rodas5P for stiff " *
            "equations.",
        ),
    )
    return Base.require(id)
end

"The versions of Julia and of the packages that decide numbers, as pairs of strings."
function versions()
    homes = [PySciML, OrdinaryDiffEqCore, OrdinaryDiffEqTsit5, OrdinaryDiffEqRosenbrock, SciMLBase]
    pairs = [(string(nameof(home)), string(pkgversion(home))) for home in homes]
    return (("julia", string(VERSION)), pairs...)
end
