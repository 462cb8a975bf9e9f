using PySciML
using Test

include("systems.jl")

@testset "PySciML" begin
    @testset "$name" for name in ("system", "goku")
        include("test_$name.jl")
    end
end
