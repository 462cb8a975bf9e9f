# u' = r (x - u), where x is known: u = exp(-r t) (u0 + r times the integral of exp(r s) x(s)).
const FOLLOW = [2.0, 0.0]

@testset "courses are what they are called" begin
    knots = [0.0, 1.0, 2.5, 3.0, 4.0]
    values = reshape(knots .^ 2, 1, :)
    given(kind) = PySciML.Given([0.0], [PySciML.Course(1, kind, knots, values)], 1)
    at(kind, t) = (g = given(kind); PySciML.choose_pieces!(g, t); PySciML.at_time(g, t)[1])
    @test at("previous", 2.9) == 2.5^2 && at("previous", 2.5) == 2.5^2
    @test at("linear", 1.75) ≈ (1 + 2.5^2) / 2
    @test all(t -> isapprox(at("cubic", t), t^2), 0:0.1:4)  # exact for parabolas
    g = given("cubic")
    PySciML.choose_pieces!(g, 1.7)
    @test PySciML.rates!(g, 1.7)[1] ≈ 3.4
end

@testset "a jump of an input costs no accuracy" for name in ("Tsit5", "Rodas5P", "Vern9"),
    style in ("scalar", "loops")

    name == "Vern9" && style == "loops" && continue
    course = (2, "previous", [0.0, 0.3, 2.0], reshape([1.0, -1.0, -1.0], 1, 1, 3))
    system = ordinary(FOLLOWER, 1, 2; style)
    options = (; algorithm=name, courses=(course,), stops=[0.3], rtol=1e-9, atol=1e-11)
    found = solved(system, [0.0;;], FOLLOW, [0.0, 0.3, 1.0]; options...)
    first = 1 - exp(-0.6)
    @test found.path[1, 1, 2] ≈ first rtol = 1e-8
    @test found.path[1, 1, 3] ≈ -1 + (first + 1) * exp(-1.4) rtol = 1e-8
end

@testset "stiff solvers see the rate of an input" for style in ("scalar", "loops")
    # A parabola as cubic pieces: u follows it with a known lag.
    knots = collect(0.0:0.5:4)
    values = reshape(knots .^ 2, 1, :)
    system = ordinary(FOLLOWER, 1, 2; style)
    for name in ("Rodas4", "Rodas5P")
        course = (2, "cubic", knots, reshape(values, 1, 1, :))
        options = (; algorithm=name, courses=(course,), rtol=1e-8, atol=1e-10)
        found = solved(system, [0.5;;], FOLLOW, collect(0.0:1:4); options...)
        t = 0:1:4
        @test found.path[1, 1, :] ≈ t .^ 2 .- t .+ 0.5 rtol = 1e-7
    end
    given = PySciML.Given(copy(FOLLOW), [PySciML.Course(2, "cubic", knots, values)], 1)
    PySciML.choose_pieces!(given, 1.2)
    f = Base.invokelatest(PySciML.rates, system, false)
    by_time = if style == "scalar"
        Base.invokelatest(f.tgrad, PySciML.SVector(0.5), given, 1.2)
    else
        du = [NaN]
        Base.invokelatest(f.tgrad, du, [0.5], given, 1.2)
        du
    end
    @test by_time ≈ [2 * 2 * 1.2]
end

@testset "fixed steps keep their order across jumps" begin
    course = (2, "previous", [0.0, 0.3, 2.0], reshape([1.0, -1.0, -1.0], 1, 1, 3))
    system = ordinary(FOLLOWER, 1, 2)
    errors = map((5, 10)) do substeps
        options = (; algorithm="RK4", courses=(course,), substeps)
        found = solved(system, [0.0;;], FOLLOW, [0.0, 0.3, 0.6]; options...)
        abs(found.path[1, 1, 3] - (-1 + (2 - exp(-0.6)) * exp(-0.6)))
    end
    @test log2(errors[1] / errors[2]) ≈ 4 atol = 0.3
end

@testset "courses that are swept" begin
    values = zeros(2, 1, 3)
    values[1, 1, :] .= 1
    values[2, 1, :] .= 3
    course = (2, "linear", [0.0, 1.0, 2.0], values)
    found = solved(
        ordinary(FOLLOWER, 1, 2), zeros(2, 1), FOLLOW, [0.0, 1.0]; courses=(course,), stops=[1.0], rtol=1e-10
    )
    @test found.path[:, 1, 2] ≈ [1, 3] .* (1 - exp(-2)) rtol = 1e-8
end
