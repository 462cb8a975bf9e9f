@testset "functions are found in the source" begin
    system = lorenz()
    u, p = [1.0, 2.0, 3.0], [10.0, 28.0, 8 / 3]
    du = zeros(3)
    Base.invokelatest(system.drift.inplace.value, du, u, p, 0.0)
    @test du == [10.0, 23.0, 2 - 8.0]
    @test Base.invokelatest(system.drift.values.value, u, p, 0.0) == Tuple(du)
    @test keys(system.drift.inplace) == (:value,)
end

@testset "work arrays belong to one task, and fit the numbers" begin
    text = """
    struct DriftCache{T}
        b1::Vector{T}
    end
    DriftCache(::Type{T}) where {T} = DriftCache{T}(Vector{T}(undef, 2))
    function drift!(du, u, p, t, cache::DriftCache)
        cache.b1 .= u
        du .= xla_logistic.(cache.b1)
        return nothing
    end
    """
    system = System(text; states=2, params=0, styles=Dict("drift" => "loops"), caches=["drift"])
    other = PySciML.fresh(system)
    @test system.drift.inplace.value.cache.b1 !== other.drift.inplace.value.cache.b1
    for T in (Float64, Float32)
        du = zeros(T, 2)
        Base.invokelatest(system.drift.inplace.value, du, T[0, 0], T[], zero(T))
        @test du == T[0.5, 0.5]
    end
    @test isempty(keys(system.drift.values))
end
