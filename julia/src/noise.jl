export Stream

# Random words: counters put through a cipher, or generators with a state for every lane. Both start
# from a seed and the number of a trajectory alone, and give the words of the jax engine.

const NEVER = 0xffffffff  # a word that is the number of no step
const ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))

"""
    threefry(key, first, second)

Encrypt a counter of two words with a key of two words: Threefry-2x32 with 20 rounds (Salmon,
Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3").
"""
@inline function threefry(key::NTuple{2,UInt32}, first::UInt32, second::UInt32)
    one, two = key
    keys = (one, two, one ⊻ two ⊻ 0x1bd11bda)
    x, y = first + one, second + two
    Base.Cartesian.@nexprs 5 i -> begin
        Base.Cartesian.@nexprs 4 j -> begin
            x += y
            y = rotated(y, ROTATIONS[2 - i % 2][j]) ⊻ x
        end
        x += keys[i % 3 + 1]
        y += keys[(i + 1) % 3 + 1] + UInt32(i)
    end
    return x, y
end

"""
    xoshiro(state)

Draw a word from a generator of four words, and give its next state: xoshiro128++ (Blackman & Vigna
2021, "Scrambled linear pseudorandom number generators", ACM Trans. Math. Softw. 47).
"""
@inline function xoshiro(state::NTuple{4,UInt32})
    a, b, c, d = state
    word = rotated(a + d, 7) + a
    c, d = c ⊻ a, d ⊻ b
    return word, (a ⊻ d, b ⊻ c, c ⊻ (b << 9), rotated(d, 11))
end

@inline rotated(x::UInt32, n) = (x << n) | (x >> (32 - n))

"""
    lane_key(seed, index)

The key of a trajectory: of its number in the whole ensemble, counted from 0.
"""
@inline lane_key(seed, index) = threefry((0x00000000, seed % UInt32), 0x00000000, index % UInt32)

@inline seeded(key) = (threefry(key, NEVER, 0x00000000)..., threefry(key, NEVER, 0x00000001)...)

# Normal numbers after Box and Muller (1958). Logarithm, sine and cosine are polynomials
# (near-minimax), which LLVM vectorises where it would call functions lane by lane.

const LOG32 = (  # log(1 + f) / f, f from sqrt(1/2) - 1 to sqrt(2) - 1; error 3e-8
    0.9999999741310671f0, -0.4999999638212389f0, 0.3333419328613508f0, -0.2500135218549606f0,
    0.1995593335838325f0, -0.16577992896798863f0, 0.14977401280127375f0, -0.14269258206218832f0,
    0.08533313082996152f0,
)
const ATANH = (  # 2 atanh(s) / s by s^2, with s = f / (2 + f); error 1e-18
    2.0, 0.6666666666666765, 0.3999999999930234, 0.2857142876064168, 0.22222197056726048,
    0.18183631680229329, 0.1531252814836419, 0.1480971036065528,
)
# cos(pi x / 4) and sin(pi x / 4) / x by x^2, x from -1 to 1; error 4e-8, then 7e-17
const COS32 = (
    0.9999999723284944f0, -0.3084242518553728f0, 0.01584991070640911f0, -0.000318877474890599f0
)
const SIN32 = (
    0.7853981609766183f0, -0.08074543470810147f0, 0.0024900068014923568f0, -3.595429072511075f-5
)
const COS64 = (
    1.0, -0.30842513753403784, 0.015854344243741547, -0.00032599188648354014,
    3.590859179850238e-06, -2.4609507094028117e-08, 1.1365469207731353e-10,
)
const SIN64 = (
    0.7853981633974483, -0.08074551218828054, 0.002490394570188844, -3.657620415891387e-05,
    3.133616225433416e-07, -1.7571500746983935e-09, 6.877360573166326e-12,
)

"""
    normals(words)

Two independent standard normal numbers: of type `Float32` from two words, `Float64` from four.
"""
@inline function normals(words::NTuple{2,UInt32})
    radius, angle = words
    minus_log = minus_log2_32(Float32(radius) + 0.5f0)
    x = Float32(angle % Int32) * 2.0f0^-31
    square, root = x * x, Base.sqrt_llvm(minus_log)
    c, s = evalpoly(square, COS32), x * evalpoly(square, SIN32)
    return signed_by(root * (c - s), angle << 31), signed_by(root * (c + s), (angle >> 1) << 31)
end

@inline function normals(words::NTuple{4,UInt32})
    high, low, angle, rest = words
    minus_log = minus_log2_32(from_word(high) + (from_word(low) + 0.5) * 2.0^-32)
    x = Float64(angle % Int32) * 2.0^-31 + from_word(rest) * 2.0^-63
    # The angle is pi / 4 (1 + x) in the first quadrant, and two bits tell the quadrant. There
    # sqrt(2) cos and sqrt(2) sin are c - s and c + s, and the root of 2 is in the radius.
    square, root = x * x, Base.sqrt_llvm(minus_log)
    c, s = evalpoly(square, COS64), x * evalpoly(square, SIN64)
    bits = UInt64(rest)
    return signed_by(root * (c - s), bits << 63), signed_by(root * (c + s), (bits >> 1) << 63)
end

# As the last bits of 2^52: the conversion of an unsigned word takes longer.
@inline from_word(x::UInt32) = reinterpret(Float64, UInt64(x) | 0x4330000000000000) - 2.0^52

@inline signed_by(x::T, sign::U) where {T,U} = reinterpret(T, reinterpret(U, x) ⊻ sign)

# The negative logarithm of x / 2^32. Bits are moved so that the exponent rounds at sqrt(1/2).
@inline function minus_log2_32(x::Float32)
    low = reinterpret(UInt32, sqrt(0.5f0))
    bits = reinterpret(UInt32, x) + (reinterpret(UInt32, 1.0f0) - low)
    exponent = Float32((bits >> 23) % Int32)
    f = reinterpret(Float32, (bits & 0x007fffff) + low) - 1
    return (159 - exponent) * log(2.0f0) - f * evalpoly(f, LOG32)
end

@inline function minus_log2_32(x::Float64)
    low = reinterpret(UInt64, sqrt(0.5))
    bits = reinterpret(UInt64, x) + (reinterpret(UInt64, 1.0) - low)
    exponent = reinterpret(Float64, (bits >> 52) | reinterpret(UInt64, 2.0^52)) - 2.0^52
    f = reinterpret(Float64, (bits & 0x000fffffffffffff) + low) - 1
    s = f / (2 + f)
    return (1055 - exponent) * log(2.0) - s * evalpoly(s * s, ATANH)
end

"""
    Stream(T, source, seed, indices, count)

The standard normal numbers of the trajectories with these indices, counted from 0, step by step:
`count` of type `T` for each. `source` is `:threefry`, counters through a cipher, or `:xoshiro`, a
generator for every trajectory, which is to be asked for one step after the other. The numbers of a
trajectory depend on the seed, its own index and the number of the step, and not on the others.

[`draw!`](@ref) puts the numbers of a step into `numbers[:, column]`.
"""
struct Stream{T,S}
    keys::Matrix{UInt32}  # (lane, word)
    state::Matrix{UInt32}
    words::Matrix{UInt32}  # of a pair for every lane; where there is one lane, of every pair
    numbers::Matrix{T}  # (lane, number)
    count::Int
    group::Int  # steps drawn for at once: one number per step would waste half of every pair
end

function Stream(::Type{T}, source::Symbol, lanes::Integer, count::Integer) where {T}
    group = count == 1 ? 2 : 1
    pairs = cld(count * group, 2)
    words = T === Float64 ? 4 : 2
    return Stream{T,source}(
        Matrix(undef, lanes, 2),
        Matrix(undef, source === :xoshiro ? lanes : 0, 4),
        Matrix(undef, lanes == 1 ? pairs : lanes, words),
        Matrix(undef, lanes, 2pairs),
        count,
        group,
    )
end

function Stream(::Type{T}, source::Symbol, seed::Integer, indices, count::Integer) where {T}
    stream = Stream(T, source, length(indices), count)
    return start!(stream, seed, indices)
end

"""
    start!(stream, seed, indices)

Begin the streams of other trajectories in the same memory.
"""
function start!(stream::Stream{T,S}, seed, indices) where {T,S}
    for (lane, index) in enumerate(indices)
        key = lane_key(seed, index)
        stream.keys[lane, :] .= key
        S === :xoshiro && (stream.state[lane, :] .= seeded(key))
    end
    return stream
end

"""
    draw!(stream, step)

Draw the numbers of a step, counted from 0, and give the index of the column of `stream.numbers`
before the first of them.
"""
@inline function draw!(stream::Stream, step)
    inner = step % stream.group
    inner == 0 && refill!(stream, step)
    return inner * stream.count
end

function refill!(stream::Stream{T,S}, step) where {T,S}
    pairs = size(stream.numbers, 2) ÷ 2
    if size(stream.keys, 1) == 1  # along the pairs of the one trajectory
        words!(stream, step % UInt32, 1, pairs)
        transform!(stream.numbers, stream.words, 1:pairs, 1, pairs)
    else
        for pair in 1:pairs
            words!(stream, step % UInt32, pair)
            transform!(stream.numbers, stream.words, axes(stream.keys, 1), pair, pairs)
        end
    end
    return nothing
end

function words!(stream::Stream{T,:threefry}, step, pair) where {T}
    words, keys = stream.words, stream.keys
    calls = size(words, 2) ÷ 2
    for call in 1:calls
        second = (calls * (pair - 1) + call - 1) % UInt32
        @inbounds @simd ivdep for l in axes(keys, 1)
            x, y = threefry((keys[l, 1], keys[l, 2]), step, second)
            words[l, 2call - 1] = x
            words[l, 2call] = y
        end
    end
    return nothing
end

function words!(stream::Stream{T,:threefry}, step, _, pairs) where {T}
    words, key = stream.words, (stream.keys[1, 1], stream.keys[1, 2])
    calls = size(words, 2) ÷ 2
    for call in 1:calls
        @inbounds @simd ivdep for pair in 1:pairs
            x, y = threefry(key, step, (calls * (pair - 1) + call - 1) % UInt32)
            words[pair, 2call - 1] = x
            words[pair, 2call] = y
        end
    end
    return nothing
end

function words!(stream::Stream{T,:xoshiro}, _, _) where {T}
    words, state = stream.words, stream.state
    for column in axes(words, 2)
        @inbounds @simd ivdep for l in axes(state, 1)
            word, (a, b, c, d) = xoshiro((state[l, 1], state[l, 2], state[l, 3], state[l, 4]))
            words[l, column] = word
            state[l, 1], state[l, 2], state[l, 3], state[l, 4] = a, b, c, d
        end
    end
    return nothing
end

function words!(stream::Stream{T,:xoshiro}, _, _, pairs) where {T}
    words, state = stream.words, stream.state
    for pair in 1:pairs, column in axes(words, 2)
        words[pair, column], new = xoshiro((state[1], state[2], state[3], state[4]))
        state[1], state[2], state[3], state[4] = new
    end
    return nothing
end

"""
    transform!(numbers, words, range, pair, pairs)

Make normal numbers of the rows `range` of `words`, the first of each pair in the columns of `pair`
and the second `pairs` columns later; in one row along the columns.
"""
function transform!(numbers::Matrix{T}, words, range, pair, pairs) where {T}
    second = pairs * size(numbers, 1)
    first = (pair - 1) * size(numbers, 1)
    @inbounds @simd ivdep for l in range
        a, b = normals(drawn(T, words, l))
        numbers[first + l] = a
        numbers[first + second + l] = b
    end
    return nothing
end

@inline drawn(::Type{Float64}, words, l) =
    @inbounds (words[l, 1], words[l, 2], words[l, 3], words[l, 4])
@inline drawn(::Type{Float32}, words, l) = @inbounds (words[l, 1], words[l, 2])
