using PySciML
using Test

# Every file in a module of its own, so that none sees what another defines.
function run(file)
    home = Module(Symbol(file))
    Core.eval(home, :(using PySciML, Test; include(path) = Base.include($home, path)))
    foreach(f -> Base.include(home, joinpath(@__DIR__, f)), ("systems.jl", "ordinary.jl", file))
end

@testset "PySciML" begin
    @testset "$file" for file in filter(startswith("test_"), readdir(@__DIR__))
        run(file)
    end
end
