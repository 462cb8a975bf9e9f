export lux

"""
    lux(weights; widths, activation, final="identity")

The network of a pysciml model as a `Lux.Chain` of `Dense` layers, and its parameters as Lux holds
them.

`weights` is the network's part of a system's `p`: layer by layer the weight, of `out` x `in`
numbers row by row, then the bias. Lux must be loaded. See [`flat_weights`](@ref) for the way back.
"""
function lux end

"""
    flat_weights(parameters)

The parameters of a chain that [`lux`](@ref) made, in the order of a system's `p`.
"""
function flat_weights end

"[`lux`](@ref) for Python, where nothing has loaded Lux yet."
function lux_layers(weights; options...)
    if isempty(methods(lux))
        id = Base.identify_package("Lux")
        id === nothing && throw(ArgumentError(
            "Lux.jl is not in this environment of Julia: add it with `import Pkg; Pkg.add(\"Lux\")`",
        ))
        Base.require(id)
    end
    return Base.invokelatest(lux, copy(plain(weights)); options...)
end
