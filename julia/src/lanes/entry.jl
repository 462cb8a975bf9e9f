export is_small, kernels_native!, lanes_fixed!, lanes_tsit5!, paths_fixed!

# What Python calls: arrays of NumPy, which are seen in reverse order of their axes.

"""
    written(path, status, stopped, steps, rejected, stop)

The arrays of Python that a solve writes into.
"""
written(path::AbstractArray{T}, arrays...) where {T} =
    Result{T}(plain(path), map(plain, arrays)...)

"""
    lanes_fixed!(outputs, system, u0, given, times, device, method, substeps, noise)

[`solve_lanes!`](@ref) with fixed steps, into arrays of Python. `given` are the parameters, then the
places of those that are swept and their values, see [`Swept`](@ref). `noise` is a tuple of the name of
a source, a seed, the first trajectory and increments: there is a seed where the source has a name,
there are increments where their array is not empty, and no noise where there are neither. `device` is
`"cpu"` or `"gpu"`, see [`solve_on!`](@ref).
"""
function lanes_fixed!(outputs, system, u0, given, times, device, method, substeps, noise)
    grid, result = Grid(plain(times), Int(substeps)), written(outputs...)
    args = system, method, plain(u0), params(given...), grid, noise_of(noise...)
    if device == "gpu"
        Base.invokelatest(solve_on!, gpu_backend(), result, args...)
    else
        solve_lanes!(result, args...)
    end
    return nothing
end

"""
    lanes_tsit5!(outputs, system, u0, given, times, device, rtol, atol, hand_over)

[`solve_lanes!`](@ref) with adaptive steps, into arrays of Python.
"""
function lanes_tsit5!(outputs, system, u0, given, times, device, rtol, atol, hand_over)
    result = written(outputs...)
    tolerances = Tolerances{eltype(result.path)}(rtol, atol)
    args = system, plain(u0), params(given...), plain(times), tolerances
    if device == "gpu"
        Base.invokelatest(solve_on!, gpu_backend(), result, args...)
    else
        solve_lanes!(result, args...; hand_over)
    end
    return nothing
end

"""
    kernels_native!(outputs, system, u0, given, times, algorithm, rtol, atol)

[`solve_native_on!`](@ref) the GPU, into arrays of Python.
"""
function kernels_native!(outputs, system, u0, given, times, algorithm, rtol, atol)
    result, backend = written(outputs...), gpu_backend()
    device_package("DiffEqGPU", "$algorithm on a device")
    tolerances = Tolerances{eltype(result.path)}(rtol, atol)
    args = system, algorithm, plain(u0), params(given...), plain(times), tolerances
    Base.invokelatest(solve_native_on!, backend, result, args...)
    return nothing
end

"The backend of the GPU of this machine; CUDA.jl is loaded if need be."
function gpu_backend()
    isnothing(gpu()) && device_package("CUDA", "device=\"gpu\"")
    backend = Base.invokelatest(gpu)
    isnothing(backend) && throw(
        NoSolver("CUDA.jl finds no GPU that works here (see CUDA.versioninfo()); use device=\"cpu\".")
    )
    return backend
end

"Load a package that only devices need."
function device_package(package, what)
    id = Base.identify_package(package)
    isnothing(id) && throw(
        NoSolver(
            "$what needs $package.jl, which is not in this environment of Julia: add it with " *
            "`import Pkg; Pkg.add(\"$package\")`, or use device=\"cpu\".",
        ),
    )
    return Base.require(id)
end

"""
    paths_fixed!(outputs, system, u0, given, times, method, substeps, noise, known, courses)

[`solve_paths!`](@ref), into arrays of Python. `courses` is a tuple of `(place, interpolation, knots,
values)`, with values of shape (trajectory, element, knot); one trajectory stands for all.
"""
function paths_fixed!(
    outputs, system::System{T}, u0, given, times, method, substeps, noise, known, courses
) where {T}
    grid, result = Grid(plain(times), Int(substeps)), written(outputs...)
    p, numbers = params(given...), noise_of(noise...)
    return solve_paths!(
        result, system, method, plain(u0), p, grid, numbers, own_courses(T, courses),
        map(plain, known),
    )
end

"A function that gives the [`Course`](@ref)s of a trajectory."
function own_courses(::Type{T}, courses) where {T}
    series = [Series{T}(Int(c[1]), String(c[2]), plain(c[3]), plain(c[4])) for c in courses]
    return row -> (course(s, row) for s in series)
end

function params(p, places, values)
    isempty(places) && return plain(p)
    return Swept(plain(p), Vector{Int}(plain(places)), plain(values))
end

function noise_of(source, seed, first, increments)
    isempty(source) || return Noise(Symbol(source), seed, first)
    return isempty(increments) ? nothing : plain(increments)
end

is_small(system, method) = issmall(system, get(METHODS, Symbol(method), nothing))
