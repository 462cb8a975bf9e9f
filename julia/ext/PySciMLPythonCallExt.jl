"""
The border to Python: calls that arrive from juliacall.

A NumPy array of a call is seen as an `Array` of the same memory, whose dimensions are those of NumPy
in reverse. Its address and shape arrive in `HEADER`, in the place that a `Slot` among the arguments
names: no object of Python is made for it, and nothing of it outlives the call.
"""
module PySciMLPythonCallExt

using PySciML, PythonCall

const SLOTS = 64
const WIDTH = 8 # of a slot: address, type, count of dimensions, and up to five of these
const HEADER = zeros(Int, SLOTS * WIDTH)
const TYPES = (Float64, Float32, Int64, Int32, Int8, UInt8, Bool)

struct Slot
    number::Int
end

"A module of its own, to which no name of Main leads, for source that Python gives."
function room()
    made = Module(:pysciml)
    Core.eval(made, :(const PySciML = $PySciML))
    return made
end

evaluate(room::Module, text::String) = include_string(room, text, "pysciml")

kind(error) = string(nameof(typeof(error)))

report() = (
    "version" => string(VERSION),
    "threads" => Threads.nthreads(),
    "gc_threads" => Threads.ngcthreads(),
    "project" => dirname(Base.active_project()),
)

names(words...) = Val(Tuple(Symbol(word) for word in words))

"""
    invoke(f, names, args...)

Call `f` while Python's interpreter is released; the last of `args` are keywords, of the names that
[`names`](@ref) has made. The interpreter is held where objects of Python are touched: before, to let
go those that Julia has collected since; after, to let go the arrays of the call that came as such,
which Julia's collector, blind to their size, would keep for long.
"""
function invoke(@nospecialize(f), @nospecialize(names), @nospecialize(args...))
    PythonCall.GC.gc()
    given = Any[filled(x) for x in args]
    try
        names === nothing && return PythonCall.GIL.unlock(() -> f(given...))
        return PythonCall.GIL.unlock(() -> with_keywords(names, f, given))
    finally
        foreach(release, args)
    end
end

function with_keywords(::Val{names}, @nospecialize(f), given) where {names}
    first = length(given) - length(names) + 1
    keywords = NamedTuple{names}(Tuple(splice!(given, first:length(given))))
    return f(given...; keywords...)
end

filled(@nospecialize(x)) = x
filled(x::Slot) = array(x.number)
filled(@nospecialize(x::Tuple)) = Tuple(Any[filled(y) for y in x])

function array(slot)
    at = WIDTH * (slot - 1)
    sizes = ntuple(i -> HEADER[at+3+i], WIDTH - 3)
    return wrapped(TYPES[HEADER[at+2]], HEADER[at+1], HEADER[at+3], sizes)
end

function wrapped(::Type{T}, address, dimensions, sizes) where {T}
    memory = Ptr{T}(address)
    dimensions == 1 && return unsafe_wrap(Array, memory, sizes[1])
    dimensions == 2 && return unsafe_wrap(Array, memory, (sizes[2], sizes[1]))
    dimensions == 3 && return unsafe_wrap(Array, memory, (sizes[3], sizes[2], sizes[1]))
    return unsafe_wrap(Array, memory, reverse(sizes[1:dimensions]))
end

release(@nospecialize(x)) = nothing
release(@nospecialize(x::Tuple)) = foreach(release, x)
function release(@nospecialize(x::PyArray))
    PythonCall.Core.pydel!(x.py)
    PythonCall.Core.pydel!(x.handle)
    return nothing
end

# What the first call would compile.
foreach(T -> precompile(wrapped, (Type{T}, Int, Int, NTuple{WIDTH - 3,Int})), TYPES)
precompile(invoke, (Any, Any, Vararg{Any}))
precompile(array, (Int,))
precompile(evaluate, (Module, String))
precompile(report, ())
precompile(room, ())

end
