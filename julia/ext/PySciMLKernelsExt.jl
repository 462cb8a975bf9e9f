"""
Ensembles on a device, through KernelAbstractions: a thread for every trajectory.
"""
module PySciMLKernelsExt

using KernelAbstractions
using PySciML.Lanes:
    Lanes, Grid, METHODS, Noise, Result, Row, Seed, Small, Tolerances, check_small, issmall, rows
using PySciML: System

@kernel function fixed!(path, status, stopped, method, f, u0, p, ::Val{M}, times, substeps, noise) where {M}
    i = @index(Global, Linear)
    Lanes.fixed_one!(
        path, status, stopped, i, method, f, u0, Row{M}(p, i), times, substeps, noise
    )
end

@kernel function first_steps!(first, f, u0, p, ::Val{M}, times, tolerances) where {M}
    i = @index(Global, Linear)
    u, own, t = Lanes.loaded(u0, i, Lanes.states(f)), Row{M}(p, i), times[1]
    slope = f.drift(u, own, t)
    first[i] = Lanes.first_step(f.drift, u, slope, own, t, times[length(times)] - t, tolerances)
end

@kernel function tsit5!(
    path, status, stopped, steps, rejected, f, u0, p, ::Val{M}, times, first, rtol, atol
) where {M}
    i = @index(Global, Linear)
    Lanes.tsit5_one!(
        path, status, stopped, steps, rejected, i, f, u0, Row{M}(p, i), times, first, rtol, atol
    )
end

# Results are copied back, which waits for the device; they may be arrays of NumPy.
function Lanes.solve_on!(backend::Backend, r::Result, system::System, method, u0, p, grid::Grid, noise)
    check_small(system, issmall(system, METHODS[Symbol(method)]))
    arrays = run_fixed(backend, r, system, METHODS[Symbol(method)], u0, p, grid, noise)
    foreach(copyto!, (r.path, r.status, r.stopped), arrays)
    fill!(r.steps, grid.substeps * (length(grid.times) - 1))
    return r
end

function run_fixed(backend, r, system, method, u0, p, grid, noise)
    path, status, stopped = written(backend, r)
    args = on(backend, u0), on(backend, rows(p, axes(u0, 1))), Val(system.params), on(backend, grid.times)
    run! = fixed!(backend)
    Base.invokelatest(
        run!, path, status, stopped, method, Small(system), args..., grid.substeps,
        counted(backend, noise); ndrange=size(u0, 1),
    )
    return path, status, stopped
end

function Lanes.solve_on!(
    backend::Backend, r::Result{T}, system::System, u0, p, times, tolerances::Tolerances
) where {T}
    check_small(system, issmall(system, nothing))
    path, status, stopped = written(backend, r)
    steps, rejected = on(backend, r.steps), on(backend, r.rejected)
    first = KernelAbstractions.zeros(backend, T, size(u0, 1))
    f, count = Small(system), size(u0, 1)
    args = on(backend, u0), on(backend, rows(p, axes(u0, 1))), Val(system.params), on(backend, times)
    Base.invokelatest(first_steps!(backend), first, f, args..., tolerances; ndrange=count)
    Base.invokelatest(
        tsit5!(backend), path, status, stopped, steps, rejected, f, args..., first,
        tolerances.rtol, tolerances.atol; ndrange=count,
    )
    foreach(copyto!, (r.path, r.status, r.stopped, r.steps, r.rejected), (path, status, stopped, steps, rejected))
    return r
end

written(backend, r::Result) = map(a -> KernelAbstractions.zeros(backend, eltype(a), size(a)...), (r.path, r.status, r.stopped))

function on(backend, array::Array)
    made = KernelAbstractions.allocate(backend, eltype(array), size(array)...)
    isempty(array) || copyto!(made, array)
    return made
end

counted(_, ::Nothing) = nothing
counted(backend, increments::Matrix) = on(backend, increments)
function counted(_, noise::Noise)
    noise.source === :threefry || throw(
        ArgumentError("on a device noise comes from :threefry, not from :$(noise.source).")
    )
    return Seed(noise)
end

end
