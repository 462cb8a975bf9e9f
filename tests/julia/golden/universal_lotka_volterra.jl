struct DriftCache{T}
    b1::Vector{T}
    b2::Vector{T}
    b3::Vector{T}
    b4::Vector{T}
    b5::Vector{T}
    b6::Vector{T}
end
DriftCache(::Type{T}) where {T} = DriftCache{T}(
    Vector{T}(undef, 2),
    Vector{T}(undef, 32),
    Vector{T}(undef, 32),
    Vector{T}(undef, 32),
    Vector{T}(undef, 32),
    Vector{T}(undef, 2),
)

function drift!(du, u, p, t, cache::DriftCache)
    check_length(du, 2)
    check_length(u, 2)
    check_length(p, 1220)
    b1 = cache.b1
    b2 = cache.b2
    b3 = cache.b3
    b4 = cache.b4
    b5 = cache.b5
    b6 = cache.b6
    @inbounds begin
        x1 = u[1]
        b1[1] = x1
        x2 = u[2]
        b1[2] = x2
        for i1 in 0:31
            s3 = 0.0
            @simd ivdep for i2 in 0:1
                s3 = muladd(b1[i2 + 1], p[2 * i1 + i2 + 3], s3)
            end
            b2[i1 + 1] = s3
        end
        @simd ivdep for i1 in 0:31
            b3[i1 + 1] = xla_tanh(b2[i1 + 1] + p[i1 + 67])
        end
        for i1 in 0:31
            s4 = 0.0
            @simd ivdep for i2 in 0:31
                s4 = muladd(b3[i2 + 1], p[32 * i1 + i2 + 99], s4)
            end
            b4[i1 + 1] = s4
        end
        @simd ivdep for i1 in 0:31
            b5[i1 + 1] = xla_tanh(b4[i1 + 1] + p[i1 + 1123])
        end
        for i1 in 0:1
            s5 = 0.0
            @simd ivdep for i2 in 0:31
                s5 = muladd(b5[i2 + 1], p[32 * i1 + i2 + 1155], s5)
            end
            b6[i1 + 1] = s5
        end
        du[1] = p[1] * x1 + (b6[1] + p[1219])
        du[2] = (-p[2]) * x2 + (b6[2] + p[1220])
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
    b11::Vector{T}
    b12::Vector{T}
    b13::Vector{T}
    b14::Vector{T}
end
DriftJvpCache(::Type{T}) where {T} = DriftJvpCache{T}(
    Vector{T}(undef, 2),
    Vector{T}(undef, 2),
    Vector{T}(undef, 32),
    Vector{T}(undef, 32),
    Vector{T}(undef, 32),
    Vector{T}(undef, 32),
    Vector{T}(undef, 32),
    Vector{T}(undef, 32),
    Vector{T}(undef, 32),
    Vector{T}(undef, 32),
    Vector{T}(undef, 32),
    Vector{T}(undef, 32),
    Vector{T}(undef, 2),
    Vector{T}(undef, 2),
)

function drift_jvp!(du, u, p, t, v, q, cache::DriftJvpCache)
    check_length(du, 2)
    check_length(u, 2)
    check_length(p, 1220)
    check_length(v, 2)
    check_length(q, 1220)
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
    b11 = cache.b11
    b12 = cache.b12
    b13 = cache.b13
    b14 = cache.b14
    @inbounds begin
        x1 = u[1]
        b1[1] = x1
        x2 = u[2]
        b1[2] = x2
        x3 = v[1]
        b2[1] = x3
        x4 = v[2]
        b2[2] = x4
        for i1 in 0:31
            s5 = 0.0
            @simd ivdep for i2 in 0:1
                s5 = muladd(b1[i2 + 1], p[2 * i1 + i2 + 3], s5)
            end
            b3[i1 + 1] = s5
            s6 = 0.0
            @simd ivdep for i2 in 0:1
                s6 = muladd(b2[i2 + 1], p[2 * i1 + i2 + 3], s6)
            end
            b4[i1 + 1] = s6
            s7 = 0.0
            @simd ivdep for i2 in 0:1
                s7 = muladd(b1[i2 + 1], q[2 * i1 + i2 + 3], s7)
            end
            b5[i1 + 1] = s7
        end
        @simd ivdep for i1 in 0:31
            b6[i1 + 1] = xla_tanh(b3[i1 + 1] + p[i1 + 67])
        end
        for i1 in 0:31
            s8 = 0.0
            @simd ivdep for i2 in 0:31
                s8 = muladd(b6[i2 + 1], p[32 * i1 + i2 + 99], s8)
            end
            b7[i1 + 1] = s8
            x9 = b4[i1 + 1] + b5[i1 + 1] + q[i1 + 67]
            x10 = b6[i1 + 1]
            b8[i1 + 1] = (x9 + x9 * x10) * (1.0 - x10)
        end
        for i1 in 0:31
            s11 = 0.0
            @simd ivdep for i2 in 0:31
                s11 = muladd(b8[i2 + 1], p[32 * i1 + i2 + 99], s11)
            end
            b9[i1 + 1] = s11
            s12 = 0.0
            @simd ivdep for i2 in 0:31
                s12 = muladd(b6[i2 + 1], q[32 * i1 + i2 + 99], s12)
            end
            b10[i1 + 1] = s12
        end
        @simd ivdep for i1 in 0:31
            x13 = xla_tanh(b7[i1 + 1] + p[i1 + 1123])
            b11[i1 + 1] = x13
            x14 = b9[i1 + 1] + b10[i1 + 1] + q[i1 + 1123]
            b12[i1 + 1] = (x14 + x14 * x13) * (1.0 - x13)
        end
        for i1 in 0:1
            s15 = 0.0
            @simd ivdep for i2 in 0:31
                s15 = muladd(b12[i2 + 1], p[32 * i1 + i2 + 1155], s15)
            end
            b13[i1 + 1] = s15
            s16 = 0.0
            @simd ivdep for i2 in 0:31
                s16 = muladd(b11[i2 + 1], q[32 * i1 + i2 + 1155], s16)
            end
            b14[i1 + 1] = s16
        end
        du[1] = q[1] * x1 + p[1] * x3 + (b13[1] + b14[1] + q[1219])
        du[2] = (-q[2]) * x2 + (-p[2]) * x4 + (b13[2] + b14[2] + q[1220])
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
    b10::Vector{T}
    b11::Vector{T}
    b12::Vector{T}
    b13::Vector{T}
end
DriftVjpCache(::Type{T}) where {T} = DriftVjpCache{T}(
    Vector{T}(undef, 2),
    Vector{T}(undef, 32),
    Vector{T}(undef, 32),
    Vector{T}(undef, 32),
    Vector{T}(undef, 32),
    Vector{T}(undef, 2),
    Vector{T}(undef, 2),
    Vector{T}(undef, 2),
    Vector{T}(undef, 32),
    Vector{T}(undef, 32),
    Vector{T}(undef, 32),
    Vector{T}(undef, 32),
    Vector{T}(undef, 2),
)

function drift_vjp!(gu, gp, u, p, t, w, cache::DriftVjpCache)
    check_length(gu, 2)
    check_length(gp, 1220)
    check_length(u, 2)
    check_length(p, 1220)
    check_length(w, 2)
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
    b11 = cache.b11
    b12 = cache.b12
    b13 = cache.b13
    @inbounds begin
        x1 = u[1]
        b1[1] = x1
        x2 = u[2]
        b1[2] = x2
        for i1 in 0:31
            s3 = 0.0
            @simd ivdep for i2 in 0:1
                s3 = muladd(b1[i2 + 1], p[2 * i1 + i2 + 3], s3)
            end
            b2[i1 + 1] = s3
        end
        @simd ivdep for i1 in 0:31
            b3[i1 + 1] = xla_tanh(b2[i1 + 1] + p[i1 + 67])
        end
        for i1 in 0:31
            s4 = 0.0
            @simd ivdep for i2 in 0:31
                s4 = muladd(b3[i2 + 1], p[32 * i1 + i2 + 99], s4)
            end
            b4[i1 + 1] = s4
        end
        fill!(b6, 0.0)
        x5 = w[2]
        b6[2] = x5
        fill!(b7, 0.0)
        x6 = w[1]
        b7[1] = x6
        @simd ivdep for i1 in 0:1
            b8[i1 + 1] = b6[i1 + 1] + b7[i1 + 1]
        end
        fill!(b9, 0.0)
        x7 = b8[1]
        x8 = b8[2]
        @simd ivdep for i1 in 0:31
            b5[i1 + 1] = xla_tanh(b4[i1 + 1] + p[i1 + 1123])
            b9[i1 + 1] = muladd(x8, p[i1 + 1187], muladd(x7, p[i1 + 1155], b9[i1 + 1]))
        end
        @simd ivdep for i1 in 0:31
            x9 = b5[i1 + 1]
            x10 = b9[i1 + 1] * (1.0 - x9)
            b10[i1 + 1] = x10 + x10 * x9
        end
        fill!(b11, 0.0)
        for i1 in 0:7
            x11 = b10[4 * i1 + 1]
            x12 = b10[4 * i1 + 2]
            x13 = b10[4 * i1 + 3]
            x14 = b10[4 * i1 + 4]
            @simd ivdep for i2 in 0:31
                b11[i2 + 1] = muladd(x14, p[128 * i1 + i2 + 195], muladd(x13, p[128 * i1 + i2 + 163], muladd(x12, p[128 * i1 + i2 + 131], muladd(x11, p[128 * i1 + i2 + 99], b11[i2 + 1]))))
            end
        end
        @simd ivdep for i1 in 0:31
            x15 = b3[i1 + 1]
            x16 = b11[i1 + 1] * (1.0 - x15)
            b12[i1 + 1] = x16 + x16 * x15
        end
        fill!(b13, 0.0)
        for i1 in 0:7
            x17 = b12[4 * i1 + 1]
            x18 = b12[4 * i1 + 2]
            x19 = b12[4 * i1 + 3]
            x20 = b12[4 * i1 + 4]
            @simd ivdep for i2 in 0:1
                b13[i2 + 1] = muladd(x20, p[8 * i1 + i2 + 9], muladd(x19, p[8 * i1 + i2 + 7], muladd(x18, p[8 * i1 + i2 + 5], muladd(x17, p[8 * i1 + i2 + 3], b13[i2 + 1]))))
            end
        end
        gu[1] = p[1] * x6 + b13[1]
        gu[2] = (-p[2]) * x5 + b13[2]
        gp[1] = x6 * x1
        gp[2] = -x5 * x2
        for i1 in 0:31
            x21 = b12[i1 + 1]
            @simd ivdep for i2 in 0:1
                gp[2 * i1 + i2 + 3] = x21 * b1[i2 + 1]
            end
            gp[i1 + 67] = x21
            x22 = b10[i1 + 1]
            @simd ivdep for i2 in 0:31
                gp[32 * i1 + i2 + 99] = x22 * b3[i2 + 1]
            end
            gp[i1 + 1123] = x22
        end
        for i1 in 0:1
            x23 = b8[i1 + 1]
            @simd ivdep for i2 in 0:31
                gp[32 * i1 + i2 + 1155] = x23 * b5[i2 + 1]
            end
            gp[i1 + 1219] = b6[i1 + 1] + b7[i1 + 1]
        end
    end
    return nothing
end

struct DriftJacCache{T}
    b1::Vector{T}
    b2::Vector{T}
    b4::Vector{T}
    b5::Vector{T}
    b6::Vector{T}
    b8::Vector{T}
    b9::Vector{T}
    b10::Vector{T}
    c1::Vector{Float64}
end
DriftJacCache(::Type{T}) where {T} = DriftJacCache{T}(
    Vector{T}(undef, 2),
    Vector{T}(undef, 32),
    Vector{T}(undef, 32),
    Vector{T}(undef, 32),
    Vector{T}(undef, 64),
    Vector{T}(undef, 32),
    Vector{T}(undef, 64),
    Vector{T}(undef, 4),
    Float64[1.0, 0.0, 0.0, 1.0],
)

function drift_jac!(J, u, p, t, cache::DriftJacCache)
    check_length(J, 4)
    check_length(u, 2)
    check_length(p, 1220)
    b1 = cache.b1
    b2 = cache.b2
    b4 = cache.b4
    b5 = cache.b5
    b6 = cache.b6
    b8 = cache.b8
    b9 = cache.b9
    b10 = cache.b10
    c1 = cache.c1
    @inbounds begin
        b1[1] = u[1]
        b1[2] = u[2]
        for i1 in 0:31
            s1 = 0.0
            @simd ivdep for i2 in 0:1
                s1 = muladd(b1[i2 + 1], p[2 * i1 + i2 + 3], s1)
            end
            b2[i1 + 1] = s1
        end
        @simd ivdep for i1 in 0:31
            b4[i1 + 1] = xla_tanh(b2[i1 + 1] + p[i1 + 67])
        end
        for i1 in 0:31
            s2 = 0.0
            @simd ivdep for i2 in 0:31
                s2 = muladd(b4[i2 + 1], p[32 * i1 + i2 + 99], s2)
            end
            b5[i1 + 1] = s2
        end
        for i1 in 0:1
            for i2 in 0:31
                s3 = 0.0
                @simd ivdep for i3 in 0:1
                    s3 = muladd(c1[i1 + 2 * i3 + 1], p[2 * i2 + i3 + 3], s3)
                end
                x4 = b4[i2 + 1]
                b6[32 * i1 + i2 + 1] = (s3 + s3 * x4) * (1.0 - x4)
            end
        end
        @simd ivdep for i1 in 0:31
            b8[i1 + 1] = xla_tanh(b5[i1 + 1] + p[i1 + 1123])
        end
        for i1 in 0:1
            for i2 in 0:31
                s5 = 0.0
                @simd ivdep for i3 in 0:31
                    s5 = muladd(b6[32 * i1 + i3 + 1], p[32 * i2 + i3 + 99], s5)
                end
                x6 = b8[i2 + 1]
                b9[32 * i1 + i2 + 1] = (s5 + s5 * x6) * (1.0 - x6)
            end
        end
        for i1 in 0:1
            for i2 in 0:1
                s7 = 0.0
                @simd ivdep for i3 in 0:31
                    s7 = muladd(b9[32 * i1 + i3 + 1], p[32 * i2 + i3 + 1155], s7)
                end
                b10[2 * i1 + i2 + 1] = s7
            end
        end
        J[1] = p[1] + b10[1]
        J[3] = b10[3]
        J[2] = b10[2]
        J[4] = -p[2] + b10[4]
    end
    return nothing
end

function drift_tgrad!(du, u, p, t)
    check_length(du, 2)
    check_length(u, 2)
    check_length(p, 1220)
    @inbounds begin
        du[1] = 0.0
        du[2] = 0.0
    end
    return nothing
end

function drift_tgrad(u, p, t)
    check_length(u, 2)
    check_length(p, 1220)
    @inbounds begin
    end
    return (0.0, 0.0)
end

