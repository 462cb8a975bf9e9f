"""
The border to Python: calls that arrive from juliacall.

A NumPy array of a call is seen as an `Array` of the same memory, whose dimensions are those of NumPy
in reverse. Where it lies arrives in `HEADER`, in the place that a `Slot` among the arguments names: no
object of Python is made for it, and nothing of it outlives the call.
"""
module PySciMLPythonCallExt

using PySciML, PythonCall

const SLOTS = 64
const HEADER = zeros(Int, 2SLOTS) # of each slot: the address of the fields of an array, and its type
const TYPES = (Float64, Float32, Int64, Int32, Int8, UInt8, Bool)

# The first fields of an array, which NumPy's C interface fixes (`PyArrayObject_fields`).
struct Fields
    data::Ptr{Cvoid}
    dimensions::Cint
    sizes::Ptr{Int}
end

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

array(slot) =
    wrapped(TYPES[HEADER[2slot]], unsafe_load(Ptr{Fields}(HEADER[2slot - 1])))

function wrapped(::Type{T}, fields::Fields) where {T}
    memory, sizes, dimensions = Ptr{T}(fields.data), fields.sizes, fields.dimensions
    size(i) = unsafe_load(sizes, i)
    dimensions == 1 && return unsafe_wrap(Array, memory, size(1))
    dimensions == 2 && return unsafe_wrap(Array, memory, (size(2), size(1)))
    dimensions == 3 && return unsafe_wrap(Array, memory, (size(3), size(2), size(1)))
    return unsafe_wrap(Array, memory, ntuple(i -> size(dimensions + 1 - i), Int(dimensions)))
end

release(@nospecialize(x)) = nothing
release(@nospecialize(x::Tuple)) = foreach(release, x)
function release(@nospecialize(x::PyArray))
    PythonCall.Core.pydel!(x.py)
    PythonCall.Core.pydel!(x.handle)
    return nothing
end

# What the first call would compile.
foreach(T -> precompile(wrapped, (Type{T}, Fields)), TYPES)
precompile(invoke, (Any, Any, Vararg{Any}))
precompile(array, (Int,))
precompile(evaluate, (Module, String))
precompile(report, ())
precompile(room, ())

end
