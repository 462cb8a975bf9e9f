module PySciMLLuxExt

using Lux
using NNlib: NNlib
using PySciML

include("lux/networks.jl")

end
