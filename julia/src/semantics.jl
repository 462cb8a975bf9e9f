"""What translated equations are written in: operations as XLA means them."""
module Semantics

include("semantics/elementary.jl")
include("semantics/tanh.jl")
include("semantics/special.jl")

end
