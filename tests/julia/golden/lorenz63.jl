function drift!(du, u, p, t)
    check_length(du, 3)
    check_length(u, 3)
    check_length(p, 3)
    @inbounds begin
        x1 = u[2]
        x2 = u[1]
        x3 = u[3]
        du[1] = p[1] * (x1 - x2)
        du[2] = x2 * (p[2] - x3) - x1
        du[3] = x2 * x1 - p[3] * x3
    end
    return nothing
end

function drift(u, p, t)
    check_length(u, 3)
    check_length(p, 3)
    @inbounds begin
        x1 = u[2]
        x2 = u[1]
        x3 = p[1] * (x1 - x2)
        x4 = u[3]
        x5 = x2 * (p[2] - x4) - x1
        x6 = x2 * x1 - p[3] * x4
    end
    return (x3, x5, x6)
end

function drift_jvp!(du, u, p, t, v, q)
    check_length(du, 3)
    check_length(u, 3)
    check_length(p, 3)
    check_length(v, 3)
    check_length(q, 3)
    @inbounds begin
        x1 = u[2]
        x2 = u[1]
        x3 = v[2]
        x4 = v[1]
        x5 = u[3]
        x6 = v[3]
        du[1] = q[1] * (x1 - x2) + p[1] * (x3 - x4)
        du[2] = x4 * (p[2] - x5) + x2 * (q[2] - x6) - x3
        du[3] = x4 * x1 + x2 * x3 - (q[3] * x5 + p[3] * x6)
    end
    return nothing
end

function drift_jvp(u, p, t, v, q)
    check_length(u, 3)
    check_length(p, 3)
    check_length(v, 3)
    check_length(q, 3)
    @inbounds begin
        x1 = u[2]
        x2 = u[1]
        x3 = v[2]
        x4 = v[1]
        x5 = q[1] * (x1 - x2) + p[1] * (x3 - x4)
        x6 = u[3]
        x7 = v[3]
        x8 = x4 * (p[2] - x6) + x2 * (q[2] - x7) - x3
        x9 = x4 * x1 + x2 * x3 - (q[3] * x6 + p[3] * x7)
    end
    return (x5, x8, x9)
end

function drift_vjp!(gu, gp, u, p, t, w)
    check_length(gu, 3)
    check_length(gp, 3)
    check_length(u, 3)
    check_length(p, 3)
    check_length(w, 3)
    @inbounds begin
        x1 = u[2]
        x2 = u[1]
        x3 = u[3]
        x4 = w[3]
        x5 = -x4
        x6 = w[2]
        x7 = x2 * x6
        x8 = w[1]
        x9 = p[1] * x8
        gu[1] = x4 * x1 + x6 * (p[2] - x3) - x9
        gu[2] = x2 * x4 - x6 + x9
        gu[3] = p[3] * x5 - x7
        gp[1] = x8 * (x1 - x2)
        gp[2] = x7
        gp[3] = x5 * x3
    end
    return nothing
end

function drift_vjp(u, p, t, w)
    check_length(u, 3)
    check_length(p, 3)
    check_length(w, 3)
    @inbounds begin
        x1 = u[2]
        x2 = u[1]
        x3 = u[3]
        x4 = w[3]
        x5 = -x4
        x6 = x5 * x3
        x7 = w[2]
        x8 = x2 * x7
        x9 = p[3] * x5 - x8
        x10 = w[1]
        x11 = p[1] * x10
        x12 = x10 * (x1 - x2)
        x13 = x2 * x4 - x7 + x11
        x14 = x4 * x1 + x7 * (p[2] - x3) - x11
    end
    return ((x14, x13, x9), (x12, x8, x6))
end

function drift_jac!(J, u, p, t)
    check_length(J, 9)
    check_length(u, 3)
    check_length(p, 3)
    @inbounds begin
        x1 = p[1]
        x2 = u[1]
        J[1] = -x1
        J[4] = x1
        J[7] = 0.0
        J[2] = p[2] - u[3]
        J[5] = -1.0
        J[8] = -x2
        J[3] = u[2]
        J[6] = x2
        J[9] = -p[3]
    end
    return nothing
end

function drift_jac(u, p, t)
    check_length(u, 3)
    check_length(p, 3)
    @inbounds begin
        x1 = p[1]
        x2 = -x1
        x3 = p[2] - u[3]
        x4 = u[1]
        x5 = -x4
        x6 = u[2]
        x7 = -p[3]
    end
    return (x2, x3, x6, x1, -1.0, x4, 0.0, x5, x7)
end

function drift_tgrad!(du, u, p, t)
    check_length(du, 3)
    check_length(u, 3)
    check_length(p, 3)
    @inbounds begin
        du[1] = 0.0
        du[2] = 0.0
        du[3] = 0.0
    end
    return nothing
end

function drift_tgrad(u, p, t)
    check_length(u, 3)
    check_length(p, 3)
    @inbounds begin
    end
    return (0.0, 0.0, 0.0)
end

