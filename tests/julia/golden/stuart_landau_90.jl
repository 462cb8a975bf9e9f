struct DriftCache{T}
    b1::Vector{T}
    b2::Vector{T}
    b3::Vector{T}
    b4::Vector{T}
end
DriftCache(::Type{T}) where {T} = DriftCache{T}(
    Vector{T}(undef, 90),
    Vector{T}(undef, 90),
    Vector{T}(undef, 90),
    Vector{T}(undef, 90),
)

function drift!(du, u, p, t, cache::DriftCache)
    check_length(du, 180)
    check_length(u, 180)
    check_length(p, 8281)
    b1 = cache.b1
    b2 = cache.b2
    b3 = cache.b3
    b4 = cache.b4
    @inbounds begin
        x1 = u[1]
        x2 = u[2]
        @simd ivdep for i1 in 0:89
            x3 = u[i1 + 1]
            x4 = u[i1 + 91]
            b1[i1 + 1] = p[i1 + 1] - x3 * x3 - x4 * x4
            b2[i1 + 1] = muladd(x2, p[i1 + 271], x1 * p[i1 + 181])
        end
        @simd ivdep for i1 in 0:89
            b3[i1 + 1] = p[i1 + 181] + p[i1 + 271]
        end
        x5 = u[91]
        x6 = u[92]
        @simd ivdep for i1 in 0:89
            b4[i1 + 1] = muladd(x6, p[i1 + 271], x5 * p[i1 + 181])
        end
        for i1 in 0:21
            x7 = u[4 * i1 + 3]
            x8 = u[4 * i1 + 4]
            x9 = u[4 * i1 + 5]
            x10 = u[4 * i1 + 6]
            x11 = u[4 * i1 + 93]
            x12 = u[4 * i1 + 94]
            x13 = u[4 * i1 + 95]
            x14 = u[4 * i1 + 96]
            @simd ivdep for i2 in 0:89
                x15 = p[360 * i1 + i2 + 361]
                x16 = p[360 * i1 + i2 + 451]
                x17 = p[360 * i1 + i2 + 541]
                x18 = p[360 * i1 + i2 + 631]
                b2[i2 + 1] = muladd(x10, x18, muladd(x9, x17, muladd(x8, x16, muladd(x7, x15, b2[i2 + 1]))))
                b3[i2 + 1] = (((b3[i2 + 1] + x15) + x16) + x17) + x18
                b4[i2 + 1] = muladd(x14, x18, muladd(x13, x17, muladd(x12, x16, muladd(x11, x15, b4[i2 + 1]))))
            end
        end
        x19 = p[8281]
        @simd ivdep for i1 in 0:89
            x20 = b1[i1 + 1]
            x21 = u[i1 + 1]
            x22 = p[i1 + 91]
            x23 = u[i1 + 91]
            x24 = b3[i1 + 1]
            du[i1 + 1] = x20 * x21 - x22 * x23 + x19 * (b2[i1 + 1] - x21 * x24)
            du[i1 + 91] = x20 * x23 + x22 * x21 + x19 * (b4[i1 + 1] - x23 * x24)
        end
    end
    return nothing
end

struct DriftJvpCache{T}
    b1::Vector{T}
    b2::Vector{T}
    b3::Vector{T}
    b4::Vector{T}
    b5::Vector{T}
    b6::Vector{T}
    b7::Vector{T}
    b8::Vector{T}
    b9::Vector{T}
    b10::Vector{T}
end
DriftJvpCache(::Type{T}) where {T} = DriftJvpCache{T}(
    Vector{T}(undef, 90),
    Vector{T}(undef, 90),
    Vector{T}(undef, 90),
    Vector{T}(undef, 90),
    Vector{T}(undef, 90),
    Vector{T}(undef, 90),
    Vector{T}(undef, 90),
    Vector{T}(undef, 90),
    Vector{T}(undef, 90),
    Vector{T}(undef, 90),
)

function drift_jvp!(du, u, p, t, v, q, cache::DriftJvpCache)
    check_length(du, 180)
    check_length(u, 180)
    check_length(p, 8281)
    check_length(v, 180)
    check_length(q, 8281)
    b1 = cache.b1
    b2 = cache.b2
    b3 = cache.b3
    b4 = cache.b4
    b5 = cache.b5
    b6 = cache.b6
    b7 = cache.b7
    b8 = cache.b8
    b9 = cache.b9
    b10 = cache.b10
    @inbounds begin
        x1 = u[1]
        x2 = u[2]
        @simd ivdep for i1 in 0:89
            x3 = u[i1 + 1]
            x4 = u[i1 + 91]
            b1[i1 + 1] = p[i1 + 1] - x3 * x3 - x4 * x4
            b2[i1 + 1] = q[i1 + 1] - v[i1 + 1] * (2.0 * x3) - v[i1 + 91] * (2.0 * x4)
            b3[i1 + 1] = muladd(x2, p[i1 + 271], x1 * p[i1 + 181])
        end
        x5 = v[1]
        x6 = v[2]
        @simd ivdep for i1 in 0:89
            b4[i1 + 1] = muladd(x6, p[i1 + 271], x5 * p[i1 + 181])
        end
        @simd ivdep for i1 in 0:89
            b5[i1 + 1] = muladd(x2, q[i1 + 271], x1 * q[i1 + 181])
        end
        @simd ivdep for i1 in 0:89
            b6[i1 + 1] = p[i1 + 181] + p[i1 + 271]
        end
        @simd ivdep for i1 in 0:89
            b7[i1 + 1] = q[i1 + 181] + q[i1 + 271]
        end
        x7 = u[91]
        x8 = u[92]
        @simd ivdep for i1 in 0:89
            b8[i1 + 1] = muladd(x8, p[i1 + 271], x7 * p[i1 + 181])
        end
        x9 = v[91]
        x10 = v[92]
        @simd ivdep for i1 in 0:89
            b9[i1 + 1] = muladd(x10, p[i1 + 271], x9 * p[i1 + 181])
        end
        @simd ivdep for i1 in 0:89
            b10[i1 + 1] = muladd(x8, q[i1 + 271], x7 * q[i1 + 181])
        end
        for i1 in 0:21
            x11 = u[4 * i1 + 3]
            x12 = u[4 * i1 + 4]
            x13 = u[4 * i1 + 5]
            x14 = u[4 * i1 + 6]
            x15 = v[4 * i1 + 3]
            x16 = v[4 * i1 + 4]
            x17 = v[4 * i1 + 5]
            x18 = v[4 * i1 + 6]
            x19 = u[4 * i1 + 93]
            x20 = u[4 * i1 + 94]
            x21 = u[4 * i1 + 95]
            x22 = u[4 * i1 + 96]
            x23 = v[4 * i1 + 93]
            x24 = v[4 * i1 + 94]
            x25 = v[4 * i1 + 95]
            x26 = v[4 * i1 + 96]
            @simd ivdep for i2 in 0:89
                x27 = p[360 * i1 + i2 + 361]
                x28 = p[360 * i1 + i2 + 451]
                x29 = p[360 * i1 + i2 + 541]
                x30 = p[360 * i1 + i2 + 631]
                b3[i2 + 1] = muladd(x14, x30, muladd(x13, x29, muladd(x12, x28, muladd(x11, x27, b3[i2 + 1]))))
                b4[i2 + 1] = muladd(x18, x30, muladd(x17, x29, muladd(x16, x28, muladd(x15, x27, b4[i2 + 1]))))
                x31 = q[360 * i1 + i2 + 361]
                x32 = q[360 * i1 + i2 + 451]
                x33 = q[360 * i1 + i2 + 541]
                x34 = q[360 * i1 + i2 + 631]
                b5[i2 + 1] = muladd(x14, x34, muladd(x13, x33, muladd(x12, x32, muladd(x11, x31, b5[i2 + 1]))))
                b6[i2 + 1] = (((b6[i2 + 1] + x27) + x28) + x29) + x30
                b7[i2 + 1] = (((b7[i2 + 1] + x31) + x32) + x33) + x34
                b8[i2 + 1] = muladd(x22, x30, muladd(x21, x29, muladd(x20, x28, muladd(x19, x27, b8[i2 + 1]))))
                b9[i2 + 1] = muladd(x26, x30, muladd(x25, x29, muladd(x24, x28, muladd(x23, x27, b9[i2 + 1]))))
                b10[i2 + 1] = muladd(x22, x34, muladd(x21, x33, muladd(x20, x32, muladd(x19, x31, b10[i2 + 1]))))
            end
        end
        x35 = q[8281]
        x36 = p[8281]
        @simd ivdep for i1 in 0:89
            x37 = b2[i1 + 1]
            x38 = u[i1 + 1]
            x39 = b1[i1 + 1]
            x40 = v[i1 + 1]
            x41 = q[i1 + 91]
            x42 = u[i1 + 91]
            x43 = p[i1 + 91]
            x44 = v[i1 + 91]
            x45 = b6[i1 + 1]
            x46 = b7[i1 + 1]
            x47 = x35 * (b3[i1 + 1] - x38 * x45) + x36 * (b4[i1 + 1] + b5[i1 + 1] - (x40 * x45 + x38 * x46))
            du[i1 + 1] = x37 * x38 + x39 * x40 - (x41 * x42 + x43 * x44) + x47
            x48 = x35 * (b8[i1 + 1] - x42 * x45) + x36 * (b9[i1 + 1] + b10[i1 + 1] - (x44 * x45 + x42 * x46))
            du[i1 + 91] = x37 * x42 + x39 * x44 + (x41 * x38 + x43 * x40) + x48
        end
    end
    return nothing
end

struct DriftVjpCache{T}
    b1::Vector{T}
    b2::Vector{T}
    b3::Vector{T}
    b4::Vector{T}
    b5::Vector{T}
    b6::Vector{T}
    b7::Vector{T}
    b8::Vector{T}
    b9::Vector{T}
end
DriftVjpCache(::Type{T}) where {T} = DriftVjpCache{T}(
    Vector{T}(undef, 90),
    Vector{T}(undef, 90),
    Vector{T}(undef, 90),
    Vector{T}(undef, 90),
    Vector{T}(undef, 90),
    Vector{T}(undef, 90),
    Vector{T}(undef, 90),
    Vector{T}(undef, 90),
    Vector{T}(undef, 90),
)

function drift_vjp!(gu, gp, u, p, t, w, cache::DriftVjpCache)
    check_length(gu, 180)
    check_length(gp, 8281)
    check_length(u, 180)
    check_length(p, 8281)
    check_length(w, 180)
    b1 = cache.b1
    b2 = cache.b2
    b3 = cache.b3
    b4 = cache.b4
    b5 = cache.b5
    b6 = cache.b6
    b7 = cache.b7
    b8 = cache.b8
    b9 = cache.b9
    @inbounds begin
        x1 = u[1]
        x2 = u[2]
        @simd ivdep for i1 in 0:89
            x3 = u[i1 + 1]
            x4 = u[i1 + 91]
            b1[i1 + 1] = p[i1 + 1] - x3 * x3 - x4 * x4
            b2[i1 + 1] = muladd(x2, p[i1 + 271], x1 * p[i1 + 181])
        end
        @simd ivdep for i1 in 0:89
            b3[i1 + 1] = p[i1 + 181] + p[i1 + 271]
        end
        x5 = u[91]
        x6 = u[92]
        @simd ivdep for i1 in 0:89
            b4[i1 + 1] = muladd(x6, p[i1 + 271], x5 * p[i1 + 181])
        end
        for i1 in 0:21
            x7 = u[4 * i1 + 3]
            x8 = u[4 * i1 + 4]
            x9 = u[4 * i1 + 5]
            x10 = u[4 * i1 + 6]
            x11 = u[4 * i1 + 93]
            x12 = u[4 * i1 + 94]
            x13 = u[4 * i1 + 95]
            x14 = u[4 * i1 + 96]
            @simd ivdep for i2 in 0:89
                x15 = p[360 * i1 + i2 + 361]
                x16 = p[360 * i1 + i2 + 451]
                x17 = p[360 * i1 + i2 + 541]
                x18 = p[360 * i1 + i2 + 631]
                b2[i2 + 1] = muladd(x10, x18, muladd(x9, x17, muladd(x8, x16, muladd(x7, x15, b2[i2 + 1]))))
                b3[i2 + 1] = (((b3[i2 + 1] + x15) + x16) + x17) + x18
                b4[i2 + 1] = muladd(x14, x18, muladd(x13, x17, muladd(x12, x16, muladd(x11, x15, b4[i2 + 1]))))
            end
        end
        s19 = 0.0
        x20 = p[8281]
        @simd ivdep for i1 in 0:89
            x21 = w[i1 + 91]
            x22 = u[i1 + 91]
            s19 = s19 + x21 * (b4[i1 + 1] - x22 * b3[i1 + 1])
            x23 = x20 * x21
            b5[i1 + 1] = x22 * (-x23)
            b6[i1 + 1] = x23
        end
        s24 = 0.0
        for i1 in 0:89
            s25 = 0.0
            @simd ivdep for i2 in 0:89
                s25 = muladd(b6[i2 + 1], p[90 * i1 + i2 + 181], s25)
            end
            b7[i1 + 1] = s25
            s24 = s24 + w[i1 + 1] * (b2[i1 + 1] - u[i1 + 1] * b3[i1 + 1])
        end
        @simd ivdep for i1 in 0:89
            x26 = x20 * w[i1 + 1]
            b8[i1 + 1] = u[i1 + 1] * (-x26)
            b9[i1 + 1] = x26
        end
        for i1 in 0:89
            s27 = 0.0
            @simd ivdep for i2 in 0:89
                s27 = muladd(b9[i2 + 1], p[90 * i1 + i2 + 181], s27)
            end
            x28 = p[i1 + 91]
            x29 = w[i1 + 91]
            x30 = w[i1 + 1]
            x31 = b3[i1 + 1]
            x32 = b1[i1 + 1]
            x33 = u[i1 + 91]
            x34 = u[i1 + 1]
            x35 = x29 * x33 + x30 * x34
            x36 = -x35
            gu[i1 + 1] = x28 * x29 + (-x20 * x30) * x31 + s27 + x32 * x30 + x36 * (2.0 * x34)
            x37 = -x30
            gu[i1 + 91] = (-x20 * x29) * x31 + b7[i1 + 1] + x32 * x29 + x28 * x37 + x36 * (2.0 * x33)
            gp[i1 + 1] = x35
            gp[i1 + 91] = x29 * x34 + x37 * x33
            @simd ivdep for i2 in 0:89
                gp[90 * i1 + i2 + 181] = b5[i2 + 1] + b6[i2 + 1] * x33 + b8[i2 + 1] + b9[i2 + 1] * x34
            end
        end
        gp[8281] = s19 + s24
    end
    return nothing
end

struct DriftJacCache{T}
    b1::Vector{T}
    b2::Vector{T}
    b3::Vector{T}
    b4::Vector{T}
    b5::Vector{T}
    b6::Vector{T}
    b7::Vector{T}
end
DriftJacCache(::Type{T}) where {T} = DriftJacCache{T}(
    Vector{T}(undef, 16200),
    Vector{T}(undef, 16200),
    Vector{T}(undef, 90),
    Vector{T}(undef, 16200),
    Vector{T}(undef, 16200),
    Vector{T}(undef, 90),
    Vector{T}(undef, 16200),
)

function drift_jac!(J, u, p, t, cache::DriftJacCache)
    check_length(J, 32400)
    check_length(u, 180)
    check_length(p, 8281)
    b1 = cache.b1
    b2 = cache.b2
    b3 = cache.b3
    b4 = cache.b4
    b5 = cache.b5
    b6 = cache.b6
    b7 = cache.b7
    @inbounds begin
        for i1 in 0:179
            @simd ivdep for i2 in 0:89
                x1 = xla_float(Float64, i1 == i2)
                b1[90 * i1 + i2 + 1] = x1
                x2 = xla_float(Float64, i1 == Int64(i2 + 90))
                b2[90 * i1 + i2 + 1] = x2
                b4[90 * i1 + i2 + 1] = -x1 * (2.0 * u[i2 + 1]) - x2 * (2.0 * u[i2 + 91])
            end
        end
        for i1 in 0:179
            x3 = b1[90 * i1 + 1]
            x4 = b1[90 * i1 + 2]
            @simd ivdep for i2 in 0:89
                b5[90 * i1 + i2 + 1] = muladd(x4, p[i2 + 271], x3 * p[i2 + 181])
            end
        end
        @simd ivdep for i1 in 0:89
            x5 = u[i1 + 1]
            x6 = u[i1 + 91]
            b3[i1 + 1] = p[i1 + 1] - x5 * x5 - x6 * x6
            b6[i1 + 1] = p[i1 + 181] + p[i1 + 271]
        end
        for i1 in 0:21
            @simd ivdep for i2 in 0:89
                b6[i2 + 1] = (((b6[i2 + 1] + p[360 * i1 + i2 + 361]) + p[360 * i1 + i2 + 451]) + p[360 * i1 + i2 + 541]) + p[360 * i1 + i2 + 631]
            end
        end
        for i1 in 0:179
            for i2 in 0:21
                x7 = b1[90 * i1 + 4 * i2 + 3]
                x8 = b1[90 * i1 + 4 * i2 + 4]
                x9 = b1[90 * i1 + 4 * i2 + 5]
                x10 = b1[90 * i1 + 4 * i2 + 6]
                @simd ivdep for i3 in 0:89
                    b5[90 * i1 + i3 + 1] = muladd(x10, p[360 * i2 + i3 + 631], muladd(x9, p[360 * i2 + i3 + 541], muladd(x8, p[360 * i2 + i3 + 451], muladd(x7, p[360 * i2 + i3 + 361], b5[90 * i1 + i3 + 1]))))
                end
            end
            x11 = b2[90 * i1 + 1]
            x12 = b2[90 * i1 + 2]
            @simd ivdep for i2 in 0:89
                b7[90 * i1 + i2 + 1] = muladd(x12, p[i2 + 271], x11 * p[i2 + 181])
            end
        end
        for i1 in 0:179
            for i2 in 0:21
                x13 = b2[90 * i1 + 4 * i2 + 3]
                x14 = b2[90 * i1 + 4 * i2 + 4]
                x15 = b2[90 * i1 + 4 * i2 + 5]
                x16 = b2[90 * i1 + 4 * i2 + 6]
                @simd ivdep for i3 in 0:89
                    b7[90 * i1 + i3 + 1] = muladd(x16, p[360 * i2 + i3 + 631], muladd(x15, p[360 * i2 + i3 + 541], muladd(x14, p[360 * i2 + i3 + 451], muladd(x13, p[360 * i2 + i3 + 361], b7[90 * i1 + i3 + 1]))))
                end
            end
        end
        x17 = p[8281]
        for i1 in 0:89
            x18 = u[i1 + 1]
            x19 = b3[i1 + 1]
            x20 = p[i1 + 91]
            x21 = b6[i1 + 1]
            x22 = u[i1 + 91]
            @simd ivdep for i2 in 0:89
                x23 = b4[i1 + 90 * i2 + 1]
                x24 = b1[i1 + 90 * i2 + 1]
                x25 = b2[i1 + 90 * i2 + 1]
                J[i1 + 180 * i2 + 1] = x23 * x18 + x19 * x24 - x20 * x25 + x17 * (b5[i1 + 90 * i2 + 1] - x24 * x21)
                x26 = b4[i1 + 90 * i2 + 8101]
                x27 = b1[i1 + 90 * i2 + 8101]
                x28 = b2[i1 + 90 * i2 + 8101]
                J[i1 + 180 * i2 + 16201] = x26 * x18 + x19 * x27 - x20 * x28 + x17 * (b5[i1 + 90 * i2 + 8101] - x27 * x21)
                J[i1 + 180 * i2 + 91] = x23 * x22 + x19 * x25 + x20 * x24 + x17 * (b7[i1 + 90 * i2 + 1] - x25 * x21)
                J[i1 + 180 * i2 + 16291] = x26 * x22 + x19 * x28 + x20 * x27 + x17 * (b7[i1 + 90 * i2 + 8101] - x28 * x21)
            end
        end
    end
    return nothing
end

function drift_tgrad!(du, u, p, t)
    check_length(du, 180)
    check_length(u, 180)
    check_length(p, 8281)
    @inbounds begin
        @simd ivdep for i1 in 0:89
            du[i1 + 1] = 0.0
            du[i1 + 91] = 0.0
        end
    end
    return nothing
end

