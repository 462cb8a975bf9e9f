"""
The method of Tsitouras (2011), Comput. Math. Appl. 62, 770: of each stage the weights of those before
it and the node, the weights of the error, and the interpolant of order 4.
"""
module Tsitouras

const A = (
    (0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    (0.161, 0.0, 0.0, 0.0, 0.0, 0.0),
    (-0.008480655492356989, 0.335480655492357, 0.0, 0.0, 0.0, 0.0),
    (2.8971530571054935, -6.359448489975075, 4.3622954328695815, 0.0, 0.0, 0.0),
    (5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525, 0.0, 0.0),
    (
        5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401,
        -0.028269050394068383, 0.0,
    ),
    (
        0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081,
        2.324710524099774,
    ),
)
const NODES = (0.0, 0.161, 0.327, 0.9, 0.9800255409045097, 1.0, 1.0)
const ERROR = (
    0.0017800110522257714, 0.0008164344596567463, -0.007880878010261995, 0.144711007173263,
    -0.5823571654525552, 0.45808210592918697, -1 / 66,
)
const STABLE = 3.25  # reach of the stability region along the negative real axis

# The polynomial of the weight of every stage within the step, from the first power on. Those of the
# paper are products: a leading factor, then factors with their constant term first.
const DENSE = let
    product(a, b) = [
        sum(a[j] * b[i - j + 1] for j in eachindex(a) if 1 <= i - j + 1 <= length(b)) for
        i in 1:(length(a) + length(b) - 1)
    ]
    rows = (
        (-1.0530884977290216, [-1.3299890189751412, 1], [0.7139816917074209, -1.4364028541716351, 1]),
        (0.1017, [0, 1.2949852507374631, -2.1966568338249754, 1]),
        (2.490627285651252793, [0, 1.57803468208092486, -2.38535645472061657, 1]),
        (-16.54810288924490272, [0, 1], [-1.21712927295533244, 1], [-0.61620406037800089, 1]),
        (47.37952196281928122, [0, 1], [-1.203071208372362603, 1], [-0.658047292653547382, 1]),
        (-34.87065786149660974, [0, 1], [-1.2, 1], [-2 / 3, 1]),
        (2.5, [0, 1], [-1.0, 1], [-0.6, 1]),
    )
    map(row -> Tuple(Float64.(reduce(product, Base.tail(row); init=[row[1]]))), rows)
end

"Weights of the seven stages in the state a part `x` of a step after its start."
weights(x::T) where {T} = ntuple(s -> x * evalpoly(x, T.(DENSE[s])), Val(7))

end
