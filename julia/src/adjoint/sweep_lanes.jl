# Sweeps over lanes side by side, for systems whose functions return tuples. Julia compiles for each
# function that is passed on only where its type is a parameter.

"Take all steps of all lanes; `path` keeps the state after every one."
function forward_lanes!(
    path, scheme, drift::F, diffusion::G, kind, p, grid::Grid{T}, dW, ::Val{N}, ::Val{M}, ::Val{D}
) where {F,G,T,N,M,D}
    for block in Iterators.partition(axes(path, 1), BLOCK), k in 1:length(grid)
        t, h = step_of(grid, k)
        @inbounds @simd ivdep for lane in block
            u = row(path, lane, k, Val(N))
            dw = row(dW, lane, k, Val(D))
            at = row(p, lane, Val(M))
            put!(path, lane, k + 1, lane_step(scheme, drift, diffusion, kind, u, at, t, h, dw))
        end
    end
    return nothing
end

"""
Take cotangents of the saved states back through all steps of all lanes. `gu`, zero at first, ends
as that of the initial state; that of the parameters is added to `gp`, lane by lane.
"""
function backward_lanes!(
    gu, gp, cotangents, path, scheme, drift::F, diffusion::G, drift_vjp::FB, diffusion_vjp::GB,
    kind, p, grid::Grid{T}, dW, ::Val{N}, ::Val{M}, ::Val{D},
) where {F,G,FB,GB,T,N,M,D}
    for block in Iterators.partition(axes(path, 1), BLOCK)
        for k in length(grid):-1:1
            t, h = step_of(grid, k)
            place = saved(grid, k)
            place === nothing || add_saved!(gu, cotangents, place, block, Val(N))
            @inbounds @simd ivdep for lane in block
                u = row(path, lane, k, Val(N))
                dw = row(dW, lane, k, Val(D))
                at = row(p, lane, Val(M))
                w = row(gu, lane, Val(N))
                back, by = lane_back(
                    scheme, drift, diffusion, drift_vjp, diffusion_vjp, kind, u, at, t, h, dw, w
                )
                put!(gu, lane, back)
                accumulate!(gp, lane, by)
            end
        end
        add_saved!(gu, cotangents, 1, block, Val(N))
    end
    return nothing
end

@inline function add_saved!(gu, cotangents, place, block, ::Val{N}) where {N}
    @inbounds @simd ivdep for lane in block
        accumulate!(gu, lane, row(cotangents, lane, place, Val(N)))
    end
    return nothing
end
