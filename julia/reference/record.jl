# Writes what a script computed as TOML, every number in full; collect.py turns it into netCDF.
using Pkg, TOML

"""
    record(name, title, packages, variables)

Write `variables` to `<name>.toml` in the directory that is the first argument of the script. They
are pairs `name => (dims, values)`; a matrix, or an array of any rank, has its first axis first, as
NumPy has. `packages` are those whose versions the file names.
"""
function record(name, title, packages, variables)
    known = Dict(info.name => string(info.version) for info in values(Pkg.dependencies()))
    versions = join(("$p $(known[p])" for p in packages), ", ")
    content = Dict(
        "title" => title,
        "script" => "julia/reference/$(basename(PROGRAM_FILE))",
        "versions" => "Julia $VERSION, $versions",
        "variables" => Dict(
            string(key) => Dict(
                "dims" => collect(String, dims),
                "shape" => collect(Int, size(array)),
                "values" => row_major(array),
            ) for (key, (dims, array)) in variables
        ),
    )
    open(file -> TOML.print(file, content; sorted=true), joinpath(ARGS[1], "$name.toml"), "w")
    return nothing
end

row_major(x::AbstractArray) =
    vec(map(Float64, ndims(x) < 2 ? x : permutedims(x, ndims(x):-1:1)))
