"""
    Course(place, knots, pieces)

An input that varies in time: polynomials between knots, `pieces[power, element, knot]` with the
lowest power first, in the time since the knot before. Its elements are those of `p` from `place` on.

A step of a solver is taken inside one piece, chosen at its start and continued beyond its ends, so
that no stage of the step sees the jump or the kink at its end.
"""
mutable struct Course{T}
    const place::Int
    const knots::Vector{T}
    const pieces::Array{T,3}
    piece::Int
end

"""
    Course(place, interpolation, knots, values)

The interpolant of `values[element, knot]`: `"previous"`, `"linear"` or `"cubic"`, which are Hermite
pieces whose slope at a knot is that of the parabola through it and its neighbours.
"""
function Course(place, interpolation, knots::Vector{T}, values::Matrix{T}) where {T}
    size, count = Base.size(values)
    degree = interpolation == "previous" ? 0 : interpolation == "linear" || count == 2 ? 1 : 3
    pieces = Array{T,3}(undef, degree + 1, size, count - 1)
    for element in 1:size
        hermite!(view(pieces, :, element, :), knots, view(values, element, :))
    end
    return Course(place, knots, pieces, 1)
end

function hermite!(pieces, knots, y)
    degree, count = size(pieces, 1) - 1, length(knots)
    pieces[1, :] .= @view y[1:(count - 1)]
    degree == 0 && return pieces
    width = diff(knots)
    secant = diff(y) ./ width
    degree == 1 && return (pieces[2, :] .= secant; pieces)
    slope = similar(y)
    for k in 2:(count - 1)
        left, right = width[k - 1], width[k]
        slope[k] = (right * secant[k - 1] + left * secant[k]) / (left + right)
    end
    slope[1] = 2secant[1] - slope[2]
    slope[end] = 2secant[end] - slope[end - 1]
    for k in 1:(count - 1)
        pieces[2, k] = slope[k]
        pieces[3, k] = (3secant[k] - 2slope[k] - slope[k + 1]) / width[k]
        pieces[4, k] = (slope[k] + slope[k + 1] - 2secant[k]) / width[k]^2
    end
    return pieces
end

"""
    Given(values, courses)

What the functions of a system get for `p`: the parameters and inputs, and the courses of those that
vary in time.
"""
struct Given{T}
    values::Vector{T}
    courses::Vector{Course{T}}
    rates::Vector{T}  # by time
    still::Vector{T}  # no change of the state
end

Given(values::Vector{T}, courses, states) where {T} =
    Given(values, courses, zero(values), zeros(T, states))

"The parameters and inputs at time `t`, within the pieces chosen."
@inline function at_time(g::Given, t)
    isempty(g.courses) || drive!(g, t)
    return g.values
end

@noinline function drive!(g::Given, t)
    for course in g.courses
        pieces, k = course.pieces, course.piece
        s = t - course.knots[k]
        for element in axes(pieces, 2)
            total = zero(s)
            for power in size(pieces, 1):-1:1
                total = total * s + pieces[power, element, k]
            end
            g.values[course.place + element - 1] = total
        end
    end
    return nothing
end

"The rates of parameters and inputs at time `t`."
function rates!(g::Given, t)
    for course in g.courses
        pieces, k = course.pieces, course.piece
        s = t - course.knots[k]
        for element in axes(pieces, 2)
            total = zero(s)
            for power in size(pieces, 1):-1:2
                total = total * s + (power - 1) * pieces[power, element, k]
            end
            g.rates[course.place + element - 1] = total
        end
    end
    return g.rates
end

"""
    choose_pieces!(given, t)

Take the pieces that begin at or before `t`; tell whether any of them is another than before.
"""
function choose_pieces!(g::Given, t)
    changed = false
    for course in g.courses
        piece = clamp(searchsortedlast(course.knots, t), 1, length(course.knots) - 1)
        changed |= piece != course.piece
        course.piece = piece
    end
    return changed
end
