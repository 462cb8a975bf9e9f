"""
Makes the GPU known to ensembles: the kernels themselves are those of PySciMLKernelsExt.
"""
module PySciMLCUDAExt

using CUDA: CUDA, CUDABackend
using KernelAbstractions: KernelAbstractions
using PySciML: Lanes

backend() = CUDA.functional() ? CUDABackend() : nothing

__init__() = (Lanes.GPU[] = backend; nothing)

end
