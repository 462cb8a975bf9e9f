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
- `algorithm="Tsit5"`: a name, see [`algorithm`](@ref), or an algorithm of OrdinaryDiffEq. `"Euler"`,
  `"Heun"`, `"RK4"` and `"StormerVerlet"` take `substeps` equal steps between two times.
- `options=(;)`: of the algorithm.
- `fallback=nothing`: the name of one that goes on where Tsit5 finds the equations stiff.
- `rtol=1e-6`, `atol=1e-9`: tolerances.
- `stops=[]`: times on which steps must end, increasing.
- `swept=(places, values)`: elements of `p` that vary from trajectory to trajectory, and a matrix
  with a row for each of these.
- `courses=()`: inputs that vary in time, each `(place in p, interpolation, knots, values)` with
  values of shape (1 or trajectory, element, knot), see [`Course`](@ref).
- `timed=()`: for every event of the system its known times.
- `momenta=[]`: 1 for every state that is a momentum, else 0 (StormerVerlet).
- `specialise=false`: whether to compile a small system into the solver, which takes a second and
  makes it faster by up to a half.
- `stop=Int8[0]`: once its element is not zero, the solve ends as soon as it can.

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
    path, status, stopped, counts, system::System{T}, u0, p, times;
    algorithm="Tsit5", options=(;), fallback=nothing, rtol=1e-6, atol=1e-9, stops=T[],
    swept=nothing, courses=(), timed=(), substeps=1, momenta=T[], stop=zeros(Int8, 1),
    specialise=false,
) where {T}
    run = Run(
        plain(path),
        plain(status),
        plain(stopped),
        plain(counts),
        plain(u0),
        plain(p),
        swept === nothing ? (Int[], zeros(T, 1, 0)) : (plain(swept[1]), plain(swept[2])),
        Series{T}[Series{T}(Int(s[1]), String(s[2]), plain(s[3]), plain(s[4])) for s in courses],
        plain(times),
        plain(stop),
        Vector{Vector{T}}[[T[] for _ in system.events] for _ in axes(plain(u0), 1)],
    )
    known = Vector{T}[i <= length(timed) ? Vector{T}(plain(timed[i])) : T[] for i in eachindex(system.events)]
    if algorithm isa AbstractString && haskey(EVALUATIONS, algorithm)
        stepper = fixed(algorithm, system, plain(momenta))
        work = Fixed(stepper, Int(substeps), EVALUATIONS[algorithm], specialise)
    else
        method = PySciML.algorithm(algorithm; options...)
        other = fallback === nothing ? nothing : PySciML.algorithm(fallback)
        control = Control{T}(rtol, atol, filter(t -> first(times) < t < last(times), plain(stops)))
        work = Adaptive(method, other, control, specialise)
    end
    Base.invokelatest(solve_all!, run, system, work, known)
    return run.seen
end

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
    specialise::Bool
end

function fixed(name, s::System{T}, momenta) where {T}
    name == "StormerVerlet" || return Stepper{Symbol(name)}()
    return Leapfrog(is_static(s) ? SVector{s.states,T}(momenta) : Vector{T}(momenta))
end

function solve_all!(run::Run{T}, system, work, known) where {T}
    batch = size(run.u0, 1)
    workers = min(Threads.nthreads(), batch)
    waiting = Threads.Atomic{Int}(1)
    if workers == 1
        solve_some!(run, system, work, known, waiting)
    else
        tasks = map(1:workers) do _
            Threads.@spawn solve_some!(run, fresh(system), work, known, waiting)
        end
        foreach(fetch, tasks)
    end
    return nothing
end

"Take trajectories that wait, one after the other, and solve them."
function solve_some!(run::Run{T}, system::System{T}, work, known, waiting) where {T}
    given = Given(copy(run.p), Course{T}[], system.states)
    gap = T(GAP) * (run.times[end] - run.times[1])
    watch = isempty(system.events) ? nothing : Watch(system, known, gap)
    solver = prepared(work, system)
    while (lane = Threads.atomic_add!(waiting, 1)) <= size(run.u0, 1)
        places, values = run.swept
        for (k, place) in enumerate(places)
            given.values[place] = values[lane, k]
        end
        if isempty(given.courses) || any(s -> size(s.values, 1) > 1, run.courses)
            empty!(given.courses)
            append!(given.courses, course(s, lane) for s in run.courses)
        end
        solve_one!(run, solver, lane, given, watch, system)
        if watch !== nothing
            foreach(append!, run.seen[lane], watch.seen)
        end
    end
    return nothing
end

struct FixedSolver{S,F,T}
    work::Fixed{S}
    f::F
    stages::Stages{T}
end

prepared(work::Fixed, s::System{T}) where {T} =
    FixedSolver(work, rates(s, work.specialise).f, Stages{T}(is_static(s) ? 0 : s.states))

function solve_one!(run::Run, solver::FixedSolver, lane, given, watch, system)
    u, work = initial(system, view(run.u0, lane, :)), solver.work
    run.status[lane], run.stopped[lane] = march!(
        run.path, lane, work.stepper, solver.f, u, given, run.times, work.substeps, watch,
        solver.stages, run.stop,
    )
    steps = work.substeps * (length(run.times) - 1)
    run.counts[lane, :] .= (steps, 0, steps * work.evaluations, 0)
    return nothing
end

# The integrators of a thread, made for its first trajectory and used again for the others.
mutable struct AdaptiveSolver{W,F,I,J}
    work::W
    f::F
    first::Union{Nothing,I}
    second::Union{Nothing,J}
end

function prepared(work::Adaptive, s::System)
    f = rates(s, work.specialise)
    return AdaptiveSolver{typeof(work),typeof(f),Any,Any}(work, f, nothing, nothing)
end

function solve_one!(run::Run{T}, solver::AdaptiveSolver, lane, given, watch, system) where {T}
    times, work = run.times, solver.work
    u = initial(system, view(run.u0, lane, :))
    place = Place{T}(lane, 2, times[1], zeros(T, system.states))
    write_state!(run.path, lane, 1, u)
    choose_pieces!(given, times[1])
    if watch !== nothing
        copyto!(watch.y, u)
        start!(watch, given, times[1])
    end
    hand_over = work.fallback !== nothing
    status, reached = attempt!(solver, :first, work.method, run, place, u, given, watch, hand_over)
    if status == Status.STIFF
        run.counts[lane, 4] = 1
        status, _ = attempt!(
            solver, :second, work.fallback, run, place, reached, given, watch, false
        )
    end
    run.status[lane], _ = ended!(run.path, lane, place.save, status, place.t)
    run.stopped[lane] = place.t
    return nothing
end

# Solve from where the trajectory is with one of the integrators; it is kept unless that fails.
function attempt!(solver, name, method, run::Run{T}, place, u, given, watch, hand_over) where {T}
    control, finish = solver.work.control, run.times[end]
    integ = getfield(solver, name)
    if integ === nothing
        integ = integrator(solver.f, u, given, place.t, finish, method, control)
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
    keep = status in (Status.SUCCESS, Status.STOPPED, Status.STIFF)
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
