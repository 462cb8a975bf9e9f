using SparseArrays: SparseMatrixCSC, getcolptr, nonzeros, rowvals

"""
    SparseJacobian(f, starts, rows)

The Jacobian of a large system. `f` gives the elements that can differ from zero, column by column;
`starts` and `rows` say where they are, as in a `SparseMatrixCSC`. It fills a matrix of any kind,
and one of this pattern (see [`jac_prototype`](@ref)) without a copy.
"""
struct SparseJacobian{F,T}
    f::F
    starts::Vector{Int}
    rows::Vector{Int}
    elements::Vector{T}
end

function (jac::SparseJacobian)(J::SparseMatrixCSC, u, p, t)
    getcolptr(J) == jac.starts && rowvals(J) == jac.rows || return fill_jacobian!(J, jac, u, p, t)
    jac.f(nonzeros(J), u, p, t)
    return nothing
end

(jac::SparseJacobian)(J::AbstractMatrix, u, p, t) = fill_jacobian!(J, jac, u, p, t)

function fill_jacobian!(J, jac, u, p, t)
    elements = eltype(J) === eltype(jac.elements) ? jac.elements : similar(jac.elements, eltype(J))
    jac.f(elements, u, p, t)
    fill!(J, zero(eltype(J)))
    for column in 1:length(jac.starts)-1, k in jac.starts[column]:jac.starts[column+1]-1
        J[jac.rows[k], column] = elements[k]
    end
    return nothing
end

fresh(jac::SparseJacobian) =
    SparseJacobian(fresh(jac.f), jac.starts, jac.rows, similar(jac.elements))

sparse_jacobian(field, ::Nothing, ::Type) = field

function sparse_jacobian(field, (starts, rows), ::Type{T}) where {T}
    jac = SparseJacobian(
        field.inplace.jac, Vector{Int}(starts) .+ 1, Vector{Int}(rows) .+ 1, zeros(T, length(rows))
    )
    values = Base.structdiff(field.values, NamedTuple{(:jac,)})
    return Field(merge(field.inplace, (; jac)), values)
end

"""
    jac_prototype(system)

A sparse matrix for the Jacobian of a large system, `nothing` for one that is kept dense.
"""
function jac_prototype(system)
    jac = get(system.drift.inplace, :jac, nothing)
    jac isa SparseJacobian || return nothing
    n = system.states
    return SparseMatrixCSC(n, n, copy(jac.starts), copy(jac.rows), zero(jac.elements))
end
