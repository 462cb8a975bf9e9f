export solve_paths!

"""
    Shaken(method, noise, dw)

What takes the steps of one trajectory: a method, with the numbers that it draws or is given.
"""
mutable struct Shaken{M,S,T}
    const method::M
    const noise::S  # a Stream, increments or nothing
    const dw::Vector{T}
    step::Int  # the next one, counted from 0
end

function stepped!(s::Shaken, w::Whole, u::Vector, _, t, h, _)
    numbers!(s.dw, s.noise, s.step, sqrt(h))
    step!(s.method, w, u, t, h, s.dw)
    s.step += 1
    return u
end

numbers!(dw, ::Nothing, _, _) = nothing
function numbers!(dw, stream::Stream, step, root)
    offset = draw!(stream, step)
    for j in eachindex(dw)
        dw[j] = root * stream.numbers[1, offset + j]
    end
    return nothing
end
numbers!(dw, given::Matrix, step, _) = copyto!(dw, 1, given, step * length(dw) + 1, length(dw))

"""
    solve_paths!(result, system, method, u0, p, grid, noise, courses, known)

Solve trajectories one by one with fixed steps: large systems, and those with events or with inputs
that vary in time. `courses(i)` gives the [`Course`](@ref)s of a trajectory, and `known` for every event
the times at which it is known to happen; the other arguments are as in [`solve_lanes!`](@ref).

Gives for every trajectory and event the times at which it happened.
"""
function solve_paths!(result, system, method, u0, p, grid, noise, courses=still, known=[])
    return Base.invokelatest(
        solve_paths!, result, system, METHODS[Symbol(method)], u0, p, grid, noise, courses, known
    )
end

still(_) = ()

function solve_paths!(
    result::Result{T}, system, method::Method, u0, p, grid, noise, courses, known
) where {T}
    seen = [[T[] for _ in eachindex(system.events)] for _ in axes(u0, 1)]
    fill!(result.steps, grid.substeps * (length(grid.times) - 1))
    times = Vector{T}[isempty(known) ? T[] : known[i] for i in eachindex(system.events)]
    count = system.sources * kinds(method)
    blocks(result, size(u0, 1), 1) do range
        index = first(range)
        given = Given(row(p, index), Course{T}[courses(index)...], system.states)
        w = Whole(system, given)
        watch = isempty(times) ? nothing : Watch(w.system, times, zero(T))
        shaken = Shaken(method, start(noise, count, range, T), zeros(T, count), 0)
        result.status[index], result.stopped[index] = march!(
            result.path, index, shaken, w, u0[index, :], given, grid.times, grid.substeps, watch,
            nothing, result.stop,
        )
        watch === nothing || foreach(append!, seen[index], watch.seen)
    end
    return seen
end
