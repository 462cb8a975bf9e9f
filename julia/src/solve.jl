export solve_batch!

"""
    solve_batch!(path, status, stopped, counts, system, u0, p, times; options...)

Solve trajectories of an ordinary differential equation, one after the other on every thread.

# Arguments
- `path`: the states at the `times`, of shape (trajectory, state, time), to be written; not a number
  where a trajectory did not come.
- `status`, `stopped`: how each trajectory ended, see `PySciML.Status`, and at which time.
- `counts`: of shape (trajectory, 4): steps, rejected steps, evaluations of the rates, and whether the
  trajectory was handed to `fallback`.
- `u0`: initial states, a row for every trajectory.
- `p`: parameters, then inputs.
- `times`: the first is the initial time.

# Options
- `algorithm="Tsit5"`: a name, see [`algorithm`](@ref), or an algorithm of OrdinaryDiffEq.
- `substeps=nothing`: a count of equal steps between two times, for the algorithms `"Euler"`, `"Heun"`,
  `"RK4"` and `"StormerVerlet"`.
- `options=(;)`: of the algorithm.
- `fallback=nothing`: the name of one that goes on where Tsit5 finds the equations stiff.
- `rtol=1e-6`, `atol=1e-9`: tolerances.
- `stops=[]`: times on which adaptive steps must end, increasing; they do on the knots of `courses`.
- `block=0`: how many components belong together: the block with the largest error decides.
- `swept=(places, values)`: elements of `p` that vary from trajectory to trajectory, and a matrix
  with a row for each of these.
- `courses=()`: inputs that vary in time, each `(place in p, interpolation, knots, values)` with
  values of shape (1 or trajectory, element, knot), see [`Course`](@ref).
- `timed=()`: for every event of the system its known times.
- `momenta=[]`: 1 for every state that is a momentum, else 0 (StormerVerlet).
- `specialise=true`: whether a very small system is compiled into Tsit5 and into fixed steps, which takes
  a second more at first and is faster by up to a half. The numbers may differ in their last bits.
- `stop_flag=Int8[0]`: once its element is not zero, the solve ends as soon as it can.

Returned are the times of the events: for every trajectory a list of those of every event.

# Examples
```jldoctest
julia> text = "drift!(du, u, p, t) = (du[1] = -p[1] * u[1]; nothing)";

julia> decay = System(text; states=1, params=1, styles=Dict("drift" => "loops"));

julia> path = zeros(1, 1, 2);

julia> solve_batch!(path, zeros(Int32, 1), zeros(1), zeros(Int, 1, 4), decay, [1.0;;], [2.0],
                    [0.0, 1.0]; algorithm="RK4", substeps=100);

julia> isapprox(path[end], exp(-2); rtol=1e-8)
true
```
"""
function solve_batch!(
    path, status, stopped, counts, @nospecialize(system::System), u0, p, times;
    algorithm="Tsit5", options=(;), fallback=nothing, rtol=1e-6, atol=1e-9, stops=(),
    swept=nothing, courses=(), timed=(), substeps=nothing, momenta=(), stop_flag=zeros(Int8, 1),
    specialise=true, block=0,
)
    T, events = eltype(path), length(system.events)::Int
    run = Run{T}(
        plain(path),
        plain(status),
        plain(stopped),
        plain(counts),
        plain(u0),
        plain(p),
        swept === nothing ? (Int[], zeros(T, 1, 0)) : (plain(swept[1]), plain(swept[2])),
        Series{T}[Series{T}(Int(s[1]), String(s[2]), plain(s[3]), plain(s[4])) for s in courses],
        plain(times),
        plain(stop_flag),
        Vector{Vector{T}}[[T[] for _ in 1:events] for _ in axes(plain(u0), 1)],
    )
    known = Vector{T}[i <= length(timed) ? Vector{T}(plain(timed[i])) : T[] for i in 1:events]
    if substeps !== nothing
        stepper = fixed(algorithm, is_static(system), T[momenta...])
        work = Fixed(stepper, Int(substeps), EVALUATIONS[algorithm], specialise)
    else
        method = PySciML.algorithm(algorithm; options...)
        other = fallback === nothing ? nothing : PySciML.algorithm(fallback)
        stops = inner_times(T, union(stops, (s.knots for s in run.courses)...), times)
        control(method) = Control{T}(
            rtol, atol, ends_on_saves(method) ? sort!(union(stops, run.times[2:(end - 1)])) : stops,
            block,
        )
        work = Adaptive(method, other, control(method), control(other), specialise)
    end
    Base.invokelatest(solve_all!, run, system, work, known)
    return run.seen
end

"""
    solve_plain!(path, status, stopped, counts, stop, system, u0, p, times, algorithm, fallback, rtol, atol)

[`solve_batch!`](@ref) as Python mostly calls it, without what takes time to look through: no keywords,
and no fallback where its name is empty.
"""
solve_plain!(
    path, status, stopped, counts, stop::Vector{Int8}, @nospecialize(system::System), u0, p, times,
    algorithm::String, fallback::String, rtol::Float64, atol::Float64,
) = solve_batch!(
    path, status, stopped, counts, system, u0, p, times; algorithm,
    fallback=isempty(fallback) ? nothing : fallback, rtol, atol, stop_flag=stop,
)

struct Series{T}
    place::Int
    interpolation::String
    knots::Vector{T}
    values::Array{T,3}
end

course(s::Series, lane) = Course(
    s.place, s.interpolation, s.knots, s.values[min(lane, size(s.values, 1)), :, :]
)

"What a batch is solved from and written into."
struct Run{T}
    path::Array{T,3}
    status::Vector{Int32}
    stopped::Vector{Float64}
    counts::Matrix{Int64}
    u0::Matrix{T}
    p::Vector{T}
    swept::Tuple{Vector{Int},Matrix{T}}
    courses::Vector{Series{T}}
    times::Vector{T}
    stop::Vector{Int8}
    seen::Vector{Vector{Vector{T}}}
end

struct Fixed{S}
    stepper::S
    substeps::Int
    evaluations::Int
    specialise::Bool
end

struct Adaptive{M,F,T}
    method::M
    fallback::F
    control::Control{T}
    fallback_control::Control{T}
    specialise::Bool
end

function fixed(name, static, momenta::Vector{T}) where {T}
    name == "StormerVerlet" || return Stepper{Symbol(name)}()
    return Leapfrog(static ? SVector{length(momenta),T}(momenta) : momenta)
end

inner_times(::Type{T}, stops, times) where {T} =
    sort!(T[t for t in stops if first(times) < t < last(times)])

# What is compiled for each model anew ends here: from `Task` on nothing depends on its type.
function solve_all!(run::Run, @nospecialize(system), work, known)
    batch = size(run.u0, 1)
    workers = min(Threads.nthreads(), batch)
    waiting = Threads.Atomic{Int}(1)
    if workers == 1
        solve_some!(run, Task(system, work, known, run), waiting)
    else
        tasks = map(1:workers) do _
            Threads.@spawn solve_some!(run, Task(fresh(system), work, known, run), waiting)
        end
        finish(tasks)
    end
    return nothing
end

"""
    finish(tasks)

Wait for all tasks, whatever becomes of each: they write into memory of the caller. Then throw what
one of them has thrown.
"""
function finish(tasks)
    for task in tasks
        try
            wait(task)
        catch
        end
    end
    foreach(wait, tasks)
    return nothing
end

"""
    Task(system, work, known, run)

What one thread needs of a system: its solver, its parameters and the watch over its events.
"""
struct Task{T,U,S}
    form::Type{U}  # of states
    solver::S
    given::Given{T}
    watch::Union{Nothing,Watch{T}}
end

function Task(s::System{T}, work, known, run::Run{T}) where {T}
    gap = T(GAP) * (run.times[end] - run.times[1])
    watch = isempty(s.events) ? nothing : Watch(s, known, gap)
    form = is_static(s) ? SVector{s.states,T} : Vector{T}
    solver, given = prepared(work, s), Given(copy(run.p), Course{T}[], s.states)
    return Task{T,form,typeof(solver)}(form, solver, given, watch)
end

"Take trajectories that wait, one after the other, and solve them."
function solve_some!(run::Run{T}, task::Task{T}, waiting) where {T}
    given = task.given
    while (lane = Threads.atomic_add!(waiting, 1)) <= size(run.u0, 1)
        if !iszero(run.stop[1])
            run.status[lane], run.stopped[lane] =
                ended!(run.path, lane, 1, Status.INTERRUPTED, run.times[1])
            continue
        end
        places, values = run.swept
        for (k, place) in enumerate(places)
            given.values[place] = values[lane, k]
        end
        if isempty(given.courses) || any(s -> size(s.values, 1) > 1, run.courses)
            empty!(given.courses)
            append!(given.courses, course(s, lane) for s in run.courses)
        end
        solve_one!(run, task, task.solver, lane)
        if task.watch !== nothing
            foreach(append!, run.seen[lane], task.watch.seen)
        end
    end
    return nothing
end

initial(run::Run, task::Task{T,U}, lane) where {T,U} = U(view(run.u0, lane, :))

struct FixedSolver{S,F,T}
    work::Fixed{S}
    f::F
    stages::Stages{T}
end

prepared(work::Fixed, s::System{T}) where {T} =
    FixedSolver(work, rates(s, work.specialise).f, Stages{T}(is_static(s) ? 0 : s.states))

function solve_one!(run::Run, task, solver::FixedSolver, lane)
    work = solver.work
    run.status[lane], run.stopped[lane] = march!(
        run.path, lane, work.stepper, solver.f, initial(run, task, lane), task.given, run.times,
        work.substeps, task.watch, solver.stages, run.stop,
    )
    steps = work.substeps * (length(run.times) - 1)
    run.counts[lane, :] .= (steps, 0, steps * work.evaluations, 0)
    return nothing
end

# The integrators of a thread, made for its first trajectory and used again for the others.
mutable struct AdaptiveSolver{W,F,G,I,J}
    work::W
    f::F
    fallback::G
    first::Union{Nothing,I}
    second::Union{Nothing,J}
end

function prepared(work::Adaptive, s::System)
    f, g = rates(s, work.specialise && specialises(work.method)), rates(s, false)
    return AdaptiveSolver{typeof(work),typeof(f),typeof(g),Any,Any}(work, f, g, nothing, nothing)
end

function solve_one!(run::Run{T}, task, solver::AdaptiveSolver, lane) where {T}
    times, work, given, watch = run.times, solver.work, task.given, task.watch
    u = initial(run, task, lane)
    place = Place{T}(lane, 2, times[1], zeros(T, length(u)))
    write_state!(run.path, lane, 1, u)
    choose_pieces!(given, times[1])
    if watch !== nothing
        copyto!(watch.y, u)
        start!(watch, given, times[1])
    end
    hand_over = work.fallback !== nothing
    status, reached = attempt!(
        solver, :first, solver.f, work.method, work.control, run, place, u, given, watch, hand_over
    )
    if status == Status.STIFF
        run.counts[lane, 4] = 1
        status, _ = attempt!(
            solver, :second, solver.fallback, work.fallback, work.fallback_control, run, place,
            reached, given, watch, false,
        )
    end
    run.status[lane], _ = ended!(run.path, lane, place.save, status, place.t)
    run.stopped[lane] = place.t
    return nothing
end

# Solve from where the trajectory is with one of the integrators; it is kept unless that fails.
function attempt!(
    solver, name, f, method, control, run::Run{T}, place, u, given, watch, hand_over
) where {T}
    finish = run.times[end]
    integ = getfield(solver, name)
    if integ === nothing
        integ = integrator(f, u, given, place.t, finish, method, control)
    else
        again!(integ, u, place.t, finish, control.stops)
    end
    return follow_counted!(integ, solver, name, run, place, given, watch, control, hand_over)
end

function follow_counted!(integ, solver, name, run, place, given, watch, control, hand_over)
    before = copied(integ.stats)
    status = try
        follow!(
            run.path, place, integ, given, run.times, control, watch, run.stop, hand_over
        )
    catch error
        error isa Union{SingularException,LAPACKException} || rethrow()
        Status.NOT_FINITE
    end
    run.counts[place.lane, 1:3] .+= copied(integ.stats) .- before
    keep = forgets(integ.alg) && status in (Status.SUCCESS, Status.STOPPED, Status.STIFF)
    setfield!(solver, name, keep ? integ : nothing)
    return status, integ.u
end

copied(stats) = (stats.naccept, stats.nreject, stats.nf)

function again!(integ, u, t, finish, stops)
    choose_pieces!(integ.p, t)
    reinit!(integ, u; t0=t, tf=finish, tstops=filter(>(t), stops))
    return nothing
end

"How often the `i`-th event happened where it happened most."
most_events(seen, i) = maximum(lane -> length(lane[i]), seen; init=0)

"Write the times of the `i`-th event, a row for every trajectory, not a number where it had fewer."
function event_times!(times, seen, i)
    into = plain(times)
    fill!(into, NaN)
    for (row, lane) in enumerate(seen)
        into[row, 1:length(lane[i])] .= lane[i]
    end
    return nothing
end
