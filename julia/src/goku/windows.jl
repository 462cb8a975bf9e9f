# Windows of multiple shooting: neighbours share one step, so n windows of w steps span
# n (w - 1) + 1 steps. Step j of all windows is one strided view of the series.

steps_at(j, w, n) = j:(w-1):(j+(n-1)*(w-1))

"""
    cut(x, w) -> pieces, back

Cut a series `(feature, batch, time)` into windows `(feature, batch, window, step)`.
"""
function cut(x, w)
    n = (size(x, 3) - 1) ÷ (w - 1)
    pieces = similar(x, size(x, 1), size(x, 2), n, w)
    for j in 1:w
        view(pieces, :, :, :, j) .= view(x, :, :, steps_at(j, w, n))
    end
    function back(dpieces)
        dx = fill!(similar(x), 0)
        for j in 1:w
            view(dx, :, :, steps_at(j, w, n)) .+= view(dpieces, :, :, :, j)
        end
        return dx
    end
    return pieces, back
end

"""
    join!(series, pieces)

Put windows `(feature, batch, window, step)` into the series that they span; the shared step is
taken from the later window.
"""
function join!(series, pieces)
    n, w = size(pieces, 3), size(pieces, 4)
    for j in 1:w-1
        view(series, :, :, steps_at(j, w, n)) .= view(pieces, :, :, :, j)
    end
    slice(series, n * (w - 1) + 1) .= view(pieces, :, :, n, w)
    return series
end

"""
    join_back!(dpieces, dseries)

The cotangents of windows from those of the series; those of steps that are not taken stay.
"""
function join_back!(dpieces, dseries)
    n, w = size(dpieces, 3), size(dpieces, 4)
    for j in 1:w-1
        view(dpieces, :, :, :, j) .= view(dseries, :, :, steps_at(j, w, n))
    end
    view(dpieces, :, :, n, w) .= slice(dseries, n * (w - 1) + 1)
    return dpieces
end
