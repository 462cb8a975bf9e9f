# What one thread of a device does: one trajectory from its start to its end, in tuples. Without
# strings, allocations and dynamic calls, which devices do not have.

export solve_native_on!, solve_on!

"""
    solve_on!(backend, result, system, method, u0, p, grid, noise)
    solve_on!(backend, result, system, u0, p, times, tolerances)

As [`solve_lanes!`](@ref), on a device: a thread for every trajectory. `backend` is one of
KernelAbstractions, which must be loaded: `CUDABackend()`, or `CPU()` where there is no other. The noise
of a seed is that of the counters (`:threefry`).
"""
function solve_on! end

"""
    solve_native_on!(backend, result, system, name, u0, p, times, tolerances)

As `solve_on!` with adaptive steps, by the solver of DiffEqGPU of this name, which must be loaded. How
many steps a trajectory takes is not known.
"""
function solve_native_on! end

check_small(system, is_small) =
    is_small || throw(
        NoSolver(
            "$(system.name) is too large for a thread of a device: its functions are not in scalar " *
            "form. Solve it on the CPU.",
        ),
    )

"""
    gpu()

The backend of the GPU of this machine, or nothing. CUDA.jl makes it known when it is loaded.
"""
gpu() = isassigned(GPU) ? GPU[]() : nothing
const GPU = Ref{Any}()

"""
    Row{M}(values, lane)

The `M` parameters of a trajectory: a row of a matrix, or a vector that is the same for all.
"""
struct Row{M,T,A<:AbstractArray{T}} <: AbstractVector{T}
    values::A
    lane::Int
end
Row{M}(values::A, lane) where {M,T,A<:AbstractArray{T}} = Row{M,T,A}(values, lane)

Base.size(::Row{M}) where {M} = (M,)
@inline Base.getindex(r::Row{M,T,A}, i::Int) where {M,T,A<:AbstractVector} = @inbounds r.values[i]
@inline Base.getindex(r::Row, i::Int) = @inbounds r.values[r.lane, i]

"The numbers that a [`Stream`](@ref) has for a step of the trajectory with this key."
@inline function drawn_at(::Type{T}, key, step, ::Val{1}) where {T}
    pair = normals(pair_words(T, key, step & ~0x00000001, 0x00000000))
    return (iseven(step) ? pair[1] : pair[2],)
end
@inline function drawn_at(::Type{T}, key, step, ::Val{W}) where {T,W}
    P = (W + 1) ÷ 2
    pairs = ntuple(i -> normals(pair_words(T, key, step, (i - 1) % UInt32)), Val(P))
    return ntuple(i -> i <= P ? pairs[i][1] : pairs[i - P][2], Val(W))
end
@inline drawn_at(::Type, _, _, ::Val{0}) = ()

@inline pair_words(::Type{Float32}, key, step, pair) = threefry(key, step, pair)
@inline pair_words(::Type{Float64}, key, step, pair) =
    (threefry(key, step, 0x00000002 * pair)..., threefry(key, step, 0x00000002 * pair + 0x00000001)...)

"A seed with the index of the first trajectory, as a device takes it."
struct Seed
    seed::UInt32
    first::UInt32
end
Seed(n::Noise) = Seed(n.seed % UInt32, n.first % UInt32)

@inline key_of(s::Seed, index) = lane_key(s.seed, s.first + (index - 1) % UInt32)
@inline key_of(_, _) = (0x00000000, 0x00000000)

# The increments of a step.
@inline shaken(::Seed, ::Type{T}, key, _, step, root, count) where {T} =
    scaled(root, drawn_at(T, key, step % UInt32, count))
@inline shaken(::Nothing, ::Type, _, _, _, _, _) = ()
@inline shaken(given::AbstractMatrix, ::Type, _, index, step, _, ::Val{W}) where {W} =
    loaded(given, index, Val(W), W * step)

"Solve the trajectory of this index with fixed steps."
@inline function fixed_one!(
    path, status, stopped, index, method, f::Small, u0, p, times, substeps, noise
)
    T, count = eltype(path), width(method, f)
    key, u = key_of(noise, index), loaded(u0, index, states(f))
    good = keep!(path, status, stopped, index, 1, u, times, true)
    for k in 1:(length(times) - 1)
        @inbounds start, h = times[k], (times[k + 1] - times[k]) / substeps
        root = sqrt(h)
        for j in 0:(substeps - 1)
            dw = shaken(noise, T, key, index, (k - 1) * substeps + j, root, count)
            u = step(method, f, u, p, start + j * h, h, dw)
        end
        good = keep!(path, status, stopped, index, k + 1, u, times, good)
    end
    return nothing
end

@inline function keep!(path, status, stopped, index, k, u::NTuple{N}, times, good) where {N}
    ntuple(i -> (@inbounds path[index, i, k] = u[i]; nothing), Val(N))
    good &= all(isfinite, u)
    @inbounds good && (stopped[index] = times[k])
    @inbounds good || (status[index] = Status.NOT_FINITE)
    return good
end

"Solve the trajectory of this index with Tsit5 and adaptive steps."
@inline function tsit5_one!(
    path, status, stopped, steps, rejected, index, f::Small{N}, u0, p, times, first, rtol, atol
) where {N}
    T = eltype(path)
    u, t, finish = loaded(u0, index, Val(N)), @inbounds(times[1]), @inbounds(times[length(times)])
    slope, h = f.drift(u, p, t), @inbounds(first[index])
    old, most, save, kept, vain = T(KP * log(LEAST_ERROR)), T(GROW_FIRST), 2, 0, 0
    ntuple(i -> (@inbounds path[index, i, 1] = u[i]; nothing), Val(N))
    code = Status.SUCCESS
    while save <= length(times)
        left = finish - t
        landed = lands(h, left)
        h = ifelse(landed, left, h)
        new, k, _ = tsit5(f.drift, u, slope, p, t, h)
        error = error_square(u, new, k, h, rtol, atol)
        keep = error <= 1
        log_error = quick_log(ifelse(error < T(1e20), max(error, T(1e-20)), T(1e20))) / 2
        factor = T(SAFETY) * quick_exp(ifelse(keep, old, zero(T)) - T(KI) * log_error)
        proposed = h * clamp(factor, T(SHRINK), ifelse(keep, most, one(T)))
        if keep
            reached = ifelse(landed, finish, t + h)
            while save <= length(times) && @inbounds(times[save]) <= reached
                last = landed && save == length(times)
                value = last ? new : within(u, k, h, (@inbounds(times[save]) - t) / h)
                ntuple(i -> (@inbounds path[index, i, save] = value[i]; nothing), Val(N))
                save += 1
            end
            u, slope, t, kept = new, k[7], reached, kept + 1
            old, most = T(KP) * max(log_error, T(log(LEAST_ERROR))), T(GROW)
        else
            vain += 1
        end
        h = proposed
        if !keep && isstuck(h, t)
            code = error < T(Inf) ? Status.STEP_TOO_SMALL : Status.NOT_FINITE
        elseif kept + vain >= MAX_STEPS && save <= length(times)
            code = Status.TOO_MANY_STEPS
        end
        code == Status.SUCCESS || break
    end
    for k in save:length(times)
        ntuple(i -> (@inbounds path[index, i, k] = T(NaN); nothing), Val(N))
    end
    @inbounds status[index], stopped[index] = code, t
    @inbounds steps[index], rejected[index] = kept, vain
    return nothing
end
