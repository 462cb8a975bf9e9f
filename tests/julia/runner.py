"""Runs translated functions in one Julia process: many cases in, arrays out."""

import math

import numpy as np
from processes import run_julia

from pysciml.engines.julia.translator.ir import JULIA_TYPES
from pysciml.engines.julia.translator.program import emit
from pysciml.engines.julia.translator.source import semantics

MARK = "\n#==== next ====#\n"

SCRIPT = r"""
const DATA = read(joinpath(@__DIR__, "values.bin"))
function take(T, start, n)
    bytes = DATA[start+1:start+n*sizeof(T)]
    return T === Bool ? bytes .!= 0 : collect(reinterpret(T, bytes))
end
module Slow  # interpreted: each function runs once, on few numbers
    Base.Experimental.@compiler_options compile=min optimize=0 infer=false
    import ..take
    include("semantics.jl")
end
module Fast
    import ..take
    include("semantics.jl")
    function allocations(f, args...)
        f(args...)
        f(args...)
        return @allocated f(args...)
    end
end
open(joinpath(@__DIR__, "answers.bin"), "w") do out
    for (place, case) in enumerate(split(read(joinpath(@__DIR__, "cases.jl"), String), MARK))
        home = startswith(case, "#fast") ? Fast : Slow
        status, bytes = try
            results = Base.include_string(home, case, "case $place")
            0, reduce(vcat, [collect(reinterpret(UInt8, [r...])) for r in results]; init=UInt8[])
        catch error
            1, collect(codeunits(sprint(showerror, error)))
        end
        write(out, Int64(status), Int64(length(bytes)), bytes)
    end
end
"""


def has_special_functions():
    """Whether Julia finds SpecialFunctions.jl."""
    found = 'print(!isnothing(Base.find_package("SpecialFunctions")))'
    return run_julia("-e", found) == "true"


class Batch:
    """Cases, each a function and the numbers that it is given."""

    def __init__(self):
        self.cases = {}
        self.values = bytearray()
        self.special = False

    def add(self, name, function, arguments, *, scalar, in_place=True, allocations=False):
        """Add a call; its answer is the list of its results, or its allocated bytes."""
        number = len(self.cases)
        function = replaced(function, f"case{number}_{function.name}")
        lines = emit(function, scalar=scalar, in_place=in_place)
        outputs = {
            s.argument: (s.dtype, function.sizes.get(s.argument, 1)) for s in function.outputs
        }
        given = {a: self._vector(function, a, arguments) for a in function.arguments}
        setup = [f"{n} = {text}" for n, text in given.items()]
        values = ", ".join(function.arguments)
        if in_place:
            setup += [f"{n} = zeros({JULIA_TYPES[d]}, {k})" for n, (d, k) in outputs.items()]
            cache = next((line for line in lines if "::Type{T}" in line), "")
            kind = JULIA_TYPES[function.outputs[0].dtype]
            values = f"{', '.join(outputs)}, {values}" + (
                f", {cache.split('(')[0]}({kind})" if cache else ""
            )
            call = [f"{function.name}!({values})", f"({', '.join(outputs)},)"]
            if allocations:
                call = [f"([allocations({function.name}!, {values})],)"]
                outputs = {"allocated": ("int64", 1)}
        else:
            several = "" if len(outputs) > 1 else "("
            call = [f"{several}{function.name}({values}){',)' if several else ''}"]
        mark = "#fast" if allocations else "#slow"
        text = "\n".join([mark, *lines, "let " + ", ".join(setup), *call, "end"])
        self.cases[name] = text, list(outputs.values())

    def _vector(self, function, argument, arguments):
        slot = next(s for s in function.inputs if s.argument == argument)
        array = np.ascontiguousarray(arguments[argument], slot.dtype).ravel()
        start = len(self.values)
        self.values += array.tobytes()
        text = f"take({JULIA_TYPES[slot.dtype]}, {start}, {array.size})"
        return f"first({text})" if slot.offset is None else text

    def run(self, folder):
        """Give the answers by name: lists of arrays, or a message where a case failed."""
        script = SCRIPT.replace("MARK)", f"{MARK!r})").replace("'", '"')
        (folder / "run.jl").write_text(script)
        (folder / "semantics.jl").write_text(semantics(self.special))
        (folder / "values.bin").write_bytes(bytes(self.values))
        (folder / "cases.jl").write_text(MARK.join(text for text, _ in self.cases.values()))
        run_julia("-O1", str(folder / "run.jl"))
        answers, raw, at = {}, (folder / "answers.bin").read_bytes(), 0
        for name, (_, outputs) in self.cases.items():
            status, length = np.frombuffer(raw, "int64", 2, at)
            piece = raw[at + 16 : at + 16 + length]
            at += 16 + int(length)
            answers[name] = piece.decode() if status else split(piece, outputs)
        return answers


def split(piece, outputs):
    arrays, at = [], 0
    for dtype, size in outputs:
        arrays.append(np.frombuffer(piece, dtype, size, at))
        at += size * np.dtype(dtype).itemsize
    return arrays


def replaced(function, name):
    import dataclasses

    return dataclasses.replace(function, name=name)


def by_jax(functions, arguments):
    """Evaluate traced functions with JAX, all of one precision in one compiled program."""
    found = [None] * len(functions)
    for wide in (True, False):
        places = [k for k, function in enumerate(functions) if function.wide == wide]
        if places:
            parts = ([group[k] for k in places] for group in (functions, arguments))
            for k, result in zip(places, evaluated(*parts, wide), strict=True):
                found[k] = result
    return found


def evaluated(functions, arguments, wide):
    import jax

    def flat(function, given):
        values = []
        for slot in function.inputs:
            vector = given[slot.argument]
            at = slot.offset or 0
            if slot.strides is None:
                values.append(vector[at : at + math.prod(slot.shape)].reshape(slot.shape))
            else:
                places = at + sum(np.indices(slot.shape)[a] * k for a, k in enumerate(slot.strides))
                values.append(vector[places])
        found = {}
        results = jax.core.eval_jaxpr(function.jaxpr.jaxpr, function.jaxpr.consts, *values)
        for slot, result in zip(function.outputs, results, strict=True):
            found.setdefault(slot.argument, []).append((slot, result))
        return found

    with jax.enable_x64(wide):
        vectors = [
            {k: jax.numpy.asarray(np.ravel(v)) for k, v in given.items()} for given in arguments
        ]
        shapes = [list(f.outputs) for f in functions]
        results = jax.jit(
            lambda given: [
                [r for pairs in flat(f, g).values() for _, r in pairs]
                for f, g in zip(functions, given, strict=True)
            ]
        )(vectors)
    return [laid_out(slots, found) for slots, found in zip(shapes, results, strict=True)]


def laid_out(slots, results):
    """Put results where their slots say: one flat vector per argument."""
    ordered = {}
    for slot in slots:
        ordered.setdefault(slot.argument, []).append(slot)
    remaining = iter(results)
    vectors = []
    for group in ordered.values():
        pieces = {}
        for slot in group:
            array = np.asarray(next(remaining))
            strides = slot.strides
            if strides is None:
                strides = [math.prod(slot.shape[a + 1 :]) for a in range(len(slot.shape))]
            for index in np.ndindex(*slot.shape):
                place = (slot.offset or 0) + sum(i * k for i, k in zip(index, strides, strict=True))
                pieces[place] = array[index]
        dtype = group[0].dtype
        vectors.append(np.array([pieces[k] for k in sorted(pieces)], dtype))
    return vectors
