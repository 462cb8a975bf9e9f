using PySciML
using Test

include("systems.jl")

@testset "PySciML" begin
    @testset "$file" for file in filter(startswith("test_"), readdir(@__DIR__))
        include(file)
    end
end
