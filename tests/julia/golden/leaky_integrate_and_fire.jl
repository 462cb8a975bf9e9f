function drift!(du, u, p, t)
    check_length(du, 1)
    check_length(u, 1)
    check_length(p, 6)
    @inbounds begin
        du[1] = (p[2] - u[1] + p[5] * p[6]) / p[1]
    end
    return nothing
end

function drift(u, p, t)
    check_length(u, 1)
    check_length(p, 6)
    @inbounds begin
        x1 = (p[2] - u[1] + p[5] * p[6]) / p[1]
    end
    return (x1,)
end

function drift_jvp!(du, u, p, t, v, q)
    check_length(du, 1)
    check_length(u, 1)
    check_length(p, 6)
    check_length(v, 1)
    check_length(q, 6)
    @inbounds begin
        x1 = p[5]
        x2 = p[6]
        x3 = p[1]
        x4 = (q[2] - v[1] + (q[5] * x2 + x1 * q[6])) / x3 + (-q[1]) * (p[2] - u[1] + x1 * x2) * inv(x3 * x3)
        du[1] = x4
    end
    return nothing
end

function drift_jvp(u, p, t, v, q)
    check_length(u, 1)
    check_length(p, 6)
    check_length(v, 1)
    check_length(q, 6)
    @inbounds begin
        x1 = p[5]
        x2 = p[6]
        x3 = p[1]
        x4 = (q[2] - v[1] + (q[5] * x2 + x1 * q[6])) / x3 + (-q[1]) * (p[2] - u[1] + x1 * x2) * inv(x3 * x3)
    end
    return (x4,)
end

function drift_vjp!(gu, gp, u, p, t, w)
    check_length(gu, 1)
    check_length(gp, 6)
    check_length(u, 1)
    check_length(p, 6)
    check_length(w, 1)
    @inbounds begin
        x1 = p[5]
        x2 = p[6]
        x3 = p[1]
        x4 = w[1]
        x5 = x4 / x3
        gu[1] = -x5
        gp[1] = -x4 * inv(x3 * x3) * (p[2] - u[1] + x1 * x2)
        gp[2] = x5
        gp[3] = 0.0
        gp[4] = 0.0
        gp[5] = x5 * x2
        gp[6] = x1 * x5
    end
    return nothing
end

function drift_vjp(u, p, t, w)
    check_length(u, 1)
    check_length(p, 6)
    check_length(w, 1)
    @inbounds begin
        x1 = p[5]
        x2 = p[6]
        x3 = p[1]
        x4 = w[1]
        x5 = -x4 * inv(x3 * x3) * (p[2] - u[1] + x1 * x2)
        x6 = x4 / x3
        x7 = x1 * x6
        x8 = x6 * x2
        x9 = -x6
    end
    return ((x9,), (x5, x6, 0.0, 0.0, x8, x7))
end

function drift_jac!(J, u, p, t)
    check_length(J, 1)
    check_length(u, 1)
    check_length(p, 6)
    @inbounds begin
        J[1] = (-1.0) / p[1]
    end
    return nothing
end

function drift_jac(u, p, t)
    check_length(u, 1)
    check_length(p, 6)
    @inbounds begin
        x1 = (-1.0) / p[1]
    end
    return (x1,)
end

function drift_tgrad!(du, u, p, t)
    check_length(du, 1)
    check_length(u, 1)
    check_length(p, 6)
    @inbounds begin
        du[1] = 0.0
    end
    return nothing
end

function drift_tgrad(u, p, t)
    check_length(u, 1)
    check_length(p, 6)
    @inbounds begin
    end
    return (0.0,)
end

function condition_1(u, p, t)
    check_length(u, 1)
    check_length(p, 6)
    @inbounds begin
        x1 = u[1] - p[3]
    end
    return x1
end

function condition_1_jvp(u, p, t, v, q, s)
    check_length(u, 1)
    check_length(p, 6)
    check_length(v, 1)
    check_length(q, 6)
    @inbounds begin
        x1 = v[1] - q[3]
    end
    return x1
end

function reset_1!(du, u, p, t)
    check_length(du, 1)
    check_length(u, 1)
    check_length(p, 6)
    @inbounds begin
        du[1] = p[4]
    end
    return nothing
end

function reset_1(u, p, t)
    check_length(u, 1)
    check_length(p, 6)
    @inbounds begin
        x1 = p[4]
    end
    return (x1,)
end

