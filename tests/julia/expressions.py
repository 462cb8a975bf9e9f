"""Random expressions over what jax.numpy offers, from a seed; and every operation at the edges."""

import numpy as np

N, M = 4, 3
EDGES = np.array(
    [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 0.3, -7.25, 40.0, np.inf, -np.inf, np.nan]
)
WHOLE = np.array([0, 1, -1, 2, -3, 7, 2**31 - 1, -(2**31)], "int32")


def moves(jnp, lax):
    """Give the operations by the shapes that they take; each gives an array of floats."""
    vector = [
        lambda x, s, k: x[::-1] * s,
        lambda x, s, k: jnp.roll(x, 1) - x,
        lambda x, s, k: jnp.cumsum(x) * s,
        lambda x, s, k: jnp.cumprod(x),
        lambda x, s, k: lax.cummax(x, reverse=True),
        lambda x, s, k: jnp.sort(x),
        lambda x, s, k: x[jnp.argsort(-x)],
        lambda x, s, k: x[k % N] + x,
        lambda x, s, k: x.at[k % N].add(s),
        lambda x, s, k: x.at[jnp.array([1, 1, 3])].add(x[:3]),
        lambda x, s, k: x.at[1:3].set(s),
        lambda x, s, k: lax.dynamic_slice(jnp.concatenate([x, x]), (k,), (N,)),
        lambda x, s, k: lax.dynamic_update_slice(x, x[:2] * s, (k,)),
        lambda x, s, k: jnp.where(x > s, x, jnp.tanh(s)),
        lambda x, s, k: jnp.stack([s, s * x[0], x[1], x.sum()]),
        lambda x, s, k: jnp.pad(x[1:3], (1, 1), constant_values=0.25),
        lambda x, s, k: jnp.outer(x, x) @ x / (1 + x @ x),
        lambda x, s, k: jnp.clip(x, -0.5, s + 1),
        lambda x, s, k: x.reshape(2, 2).T.reshape(N) + s,
        lambda x, s, k: jnp.take(x, jnp.array([3, 0, 0, 2]) + k, mode="clip"),
        lambda x, s, k: jnp.maximum(x, s) - jnp.minimum(x, 0.1),
        lambda x, s, k: x**2 + x**3 / (2 + x**4),
        lambda x, s, k: jnp.exp(-(x**2)) * jnp.log1p(s**2),
        lambda x, s, k: jnp.sqrt(1 + x**2) + jnp.arctan2(x, s),
        lambda x, s, k: lax.scan(lambda c, y: (c * 0.5 + y, c - y), s, x)[1],
        lambda x, s, k: lax.scan(lambda c, y: (c * y + s, None), x, x, reverse=True)[0],
        lambda x, s, k: lax.fori_loop(0, 3, lambda i, c: jnp.sin(c + i), x),
        lambda x, s, k: lax.while_loop(lambda c: jnp.sum(c) < 3, lambda c: c + 0.7, x),
        lambda x, s, k: lax.cond(s > 0, lambda y: jnp.cos(y), lambda y: y * 2, x),
        lambda x, s, k: lax.switch(k, [jnp.sin, jnp.cos, lambda y: y], x),
        lambda x, s, k: jnp.interp(x, jnp.linspace(-2, 2, 5), jnp.arange(5.0) ** 2),
    ]
    scalar = [
        lambda x, s, k: jnp.sum(x * s),
        lambda x, s, k: jnp.max(x) - jnp.min(x),
        lambda x, s, k: jnp.prod(jnp.cos(x)),
        lambda x, s, k: x[jnp.argmax(x)],
        lambda x, s, k: jnp.argmin(x) * s,
        lambda x, s, k: x @ jnp.roll(x, 1),
        lambda x, s, k: jnp.linalg.norm(x),
        lambda x, s, k: jnp.mean(x) + jnp.std(x),
        lambda x, s, k: jnp.any(x > 1) * 1.0 + jnp.all(x < s),
        lambda x, s, k: x[k] * x[-1],
        lambda x, s, k: jnp.tanh(s) + (s * 10).astype("int32") % 3,
        lambda x, s, k: jnp.floor(s * 3.7) / 2 + jnp.sign(s),
        lambda x, s, k: jnp.logaddexp(s, x[0]),
        lambda x, s, k: jnp.var(x) * jnp.power(jnp.abs(s) + 0.1, 1.7),
        lambda x, s, k: jnp.median(x) + lax.rem(s, 0.3),
    ]
    matrix = [
        lambda m, x, s, k: (m @ x) @ m,
        lambda m, x, s, k: jnp.sum(m, axis=0) * s,
        lambda m, x, s, k: jnp.max(m * x, axis=0),
        lambda m, x, s, k: (m.T @ jnp.tanh(m))[k],
        lambda m, x, s, k: jnp.einsum("ij,ij->j", m, m),
        lambda m, x, s, k: m[k, ::-1],
        lambda m, x, s, k: jnp.concatenate([m[:, 0], x[:1]]),
        lambda m, x, s, k: m.at[jnp.array([0, 2]), 1].multiply(s)[k],
        lambda m, x, s, k: jnp.sort(m, axis=0)[1],
        lambda m, x, s, k: jnp.cumsum(m, axis=1)[0] - x,
        lambda m, x, s, k: m.reshape(N, M)[:, 1],
        lambda m, x, s, k: jnp.swapaxes(m, 0, 1).reshape(-1)[2:6] * x,
        lambda m, x, s, k: jnp.mean(m, axis=0, keepdims=True)[0] + x,
        lambda m, x, s, k: jnp.take_along_axis(m, jnp.argsort(m, axis=1), axis=1)[1],
        lambda m, x, s, k: jnp.triu(m)[0] + jnp.diag(m[:, :3])[0],
        lambda m, x, s, k: lax.scan(lambda c, row: (c + row, c * row), x, m)[1][1],
        lambda m, x, s, k: jnp.vectorize(lambda r: r @ x, signature="(n)->()")(m)[0] * x,
        lambda m, x, s, k: jnp.argmax(m, axis=0) * x,
        lambda m, x, s, k: softmax(jnp, m)[2],
    ]
    return vector, scalar, matrix


def softmax(jnp, m):
    e = jnp.exp(m - jnp.max(m, axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def random_expression(seed):
    """Give a function ``(x (4,), m (3, 4), s (), k int64) -> (5,)``, the same for the same seed."""

    def expression(x, m, s, k):
        import jax.numpy as jnp
        from jax import lax

        rng = np.random.default_rng(seed)
        vector, scalar, matrix = moves(jnp, lax)
        vectors, scalars = [x], [s]
        for _ in range(rng.integers(3, 7)):
            a = vectors[rng.integers(len(vectors))]
            b = scalars[rng.integers(len(scalars))]
            kind = rng.integers(3)
            if kind == 0:
                made = scalar[rng.integers(len(scalar))](a, b, k)
                scalars.append(1.5 * jnp.tanh(made))
            else:
                rules = vector if kind == 1 else matrix
                rule = rules[rng.integers(len(rules))]
                made = rule(a, b, k) if kind == 1 else rule(m, a, b, k)
                vectors.append(1.5 * jnp.sin(made) if rng.random() < 0.3 else made / 1.5)
        return jnp.concatenate([vectors[-1] + vectors[0] * 0.1, scalars[-1][None]])

    return expression


def edges():
    """Give every elementwise operation with the numbers at which implementations differ."""
    import jax
    import jax.numpy as jnp
    from jax import lax

    a, b = (g.ravel() for g in np.meshgrid(EDGES, EDGES, indexing="ij"))
    i, j = (g.ravel() for g in np.meshgrid(WHOLE, WHOLE, indexing="ij"))
    unary = {
        name: getattr(jnp, name)
        for name in [
            "abs",
            "sign",
            "floor",
            "ceil",
            "trunc",
            "round",
            "rint",
            "exp",
            "exp2",
            "expm1",
            "log",
            "log1p",
            "log2",
            "sqrt",
            "cbrt",
            "sin",
            "cos",
            "tan",
            "arcsin",
            "arccos",
            "arctan",
            "sinh",
            "cosh",
            "tanh",
            "arcsinh",
            "arccosh",
            "arctanh",
            "isfinite",
            "isnan",
            "isinf",
            "square",
            "reciprocal",
            "negative",
        ]
    }
    unary |= {
        "logistic": jax.nn.sigmoid,
        "rsqrt": lax.rsqrt,
        "away": lambda x: lax.round(x, lax.RoundingMethod.AWAY_FROM_ZERO),
        "to_int32": lambda x: x.astype("int32"),
        "to_int64": lambda x: x.astype("int64"),
        "to_uint32": lambda x: x.astype("uint32"),
        "to_bool": lambda x: x.astype("bool"),
        "to_float32": lambda x: x.astype("float32"),
        "inverse_cube": lambda x: x**-3,
        "sort": jnp.sort,
        "argsort": jnp.argsort,
        "argmax": lambda x: jnp.argmax(x)[None],
        "argmin": lambda x: jnp.argmin(x[:-1])[None],
        "max": lambda x: jnp.max(x)[None],
        "cummax": lax.cummax,
        "nan_last": lambda x: jnp.stack([jnp.nanmax(x), jnp.nanmin(x)]),
        "relu": jax.nn.relu,
        "softplus": jax.nn.softplus,
        "gelu": jax.nn.gelu,
    }
    binary = {
        name: getattr(jnp, name)
        for name in [
            "add",
            "subtract",
            "multiply",
            "divide",
            "maximum",
            "minimum",
            "power",
            "arctan2",
            "fmod",
            "mod",
            "floor_divide",
            "less",
            "less_equal",
            "greater",
            "equal",
            "not_equal",
            "logaddexp",
            "hypot",
            "copysign",
        ]
    }
    whole = {
        name: getattr(lax, name)
        for name in [
            "add",
            "sub",
            "mul",
            "div",
            "rem",
            "max",
            "min",
            "bitwise_and",
            "bitwise_or",
            "bitwise_xor",
            "eq",
            "lt",
        ]
    }
    whole |= {
        "floor_divide": jnp.floor_divide,
        "mod": jnp.mod,
        "not": lambda x, y: ~x,
        "neg": lambda x, y: -x,
        "abs": lambda x, y: abs(x),
        "sign": lambda x, y: jnp.sign(x),
        "shift": lambda x, y: x << (y & 31),
        "shift_right": lambda x, y: x >> (y & 31),
        "narrow": lambda x, y: (x.astype("int64") * y).astype("int32"),
        "unsigned": lambda x, y: x.astype("uint32") // jnp.maximum(y.astype("uint32"), 1),
        "to_float": lambda x, y: x.astype("float64") / y,
    }
    for name, function in unary.items():
        yield f"unary_{name}", function, (EDGES,)
    for name, function in binary.items():
        yield f"binary_{name}", function, (a, b)
    for name, function in whole.items():
        yield f"whole_{name}", function, (i, j)


def special():
    """Give the special functions, which need SpecialFunctions.jl."""
    import jax
    from jax import lax

    x = np.array([0.3, -0.4, 1.7, 5.2, -2.6, 0.0, 30.5])
    far = np.concatenate([x, -x[2:4], [700.0, 3e4, -2e9, np.inf, -np.inf, np.nan]])
    for name in ("erf", "erfc", "erf_inv", "lgamma", "digamma"):
        yield f"special_{name}", getattr(lax, name), (x,)
    for name in ("bessel_i0e", "bessel_i1e"):
        yield f"special_{name}", getattr(lax, name), (far,)
        yield f"special_{name}_derivative", jax.vmap(jax.grad(getattr(lax, name))), (x[:4],)
    orders = [0.5, 2.0, 7.3, -1.0, np.nan]
    order, at = (g.ravel() for g in np.meshgrid(orders, far, indexing="ij"))
    order, at = np.append(order, [0.0, 0.0]), np.append(at, [0.0, 1.5])
    yield "special_igamma", lax.igamma, (order, at)
    yield "special_igammac", lax.igammac, (order, at)
    yield "special_igamma_derivative", jax.vmap(jax.grad(lax.igamma, 1)), (order[:4], abs(at[:4]))
    places = np.array([0.0, 0.1, 0.5, 0.93, 1.0, 1.2, -0.1, np.nan])
    shapes = np.array([0.5, 2.0, 9.0, 0.0, -1.0, np.inf])
    grid = [g.ravel() for g in np.meshgrid(shapes, shapes, places, indexing="ij")]
    yield "special_betainc", lax.betainc, tuple(grid)
    degree = np.repeat([0.0, 1.0, 2.0, 5.0, 1.5, -1.0], x.size)
    yield "special_polygamma", lax.polygamma, (degree, np.tile(x, 6))
    yield "special_digamma_derivative", jax.vmap(jax.grad(lax.digamma)), (x[:5],)
    power = np.repeat([2.0, 3.0, 1.5, 1.0, 0.5], x.size)
    yield "special_zeta", lax.zeta, (power, np.tile(x, 5))
