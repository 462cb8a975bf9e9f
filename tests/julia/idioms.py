"""What models are written with, each by itself: indexing, branches, loops, and derivatives."""

import numpy as np

import pysciml as ps

X = np.array([0.3, -0.4, 1.2, 2.1, -1.7])
M = np.random.default_rng(7).normal(size=(3, 5))
W = np.random.default_rng(8).normal(size=(4, 4)) + 4 * np.eye(4)
S, K = np.float64(0.6), np.int64(1)
KERNELS = np.array([1.0, -2.0, 0.5]), np.array([0.3, 1.1, -0.7])
W_OUT = np.array([1.0, -2.0, 0.5, 0.7, 3.0])


def cotangent(function):
    """Give ``(*arguments, w) -> cotangents``, one after the other."""
    import jax
    import jax.numpy as jnp

    def back(*given):
        found = jax.vjp(function, *given[:-1])[1](given[-1])
        return jnp.concatenate([jnp.ravel(g) for g in found])

    return back


def tangent(function):
    """Give ``(argument, v) -> tangent``."""
    import jax

    return lambda x, v: jax.jvp(function, (x,), (v,))[1]


def idioms():
    """Give names, functions and arguments."""
    groups = (indexing(), branches(), loops(), empty(), bits(), known(), convolutions())
    for group in groups:
        for name, (function, *arrays) in group.items():
            yield name, function, tuple(map(np.asarray, arrays))


def indexing():
    import jax.numpy as jnp

    def f(x):
        return jnp.sin(x) + x**2

    twice = jnp.array([1, 1, 3])
    return {
        "apply": (lambda x: x.at[1].apply(f), X),
        "apply_range": (lambda x: x.at[1:3].apply(f) + x, X),
        "apply_twice": (lambda x: x.at[twice].apply(f)[::-1] * x, X),
        "apply_dropped": (lambda x, k: x.at[twice + 2 * k].apply(f), X, K),
        "apply_then_read": (lambda m, k: m.at[k].apply(f).at[0, 1].apply(jnp.exp) @ m.T, M, K),
        "subtract": (lambda x, k: x.at[twice + k].subtract(x[:3]), X, K),
        "subtract_vjp": (cotangent(lambda x, s: x.at[twice].subtract(s)), X, S, W_OUT),
    }


def branches():
    import jax.numpy as jnp
    from jax import lax

    def cond(x, s):
        return lax.cond(s > 0, lambda y: jnp.sin(y) * s, lambda y: y**2 * jnp.exp(y), x)

    def switch(k):
        cases = [jnp.cumsum, lambda y: jnp.tanh(y) * y[0], lambda y: y * jnp.exp(jnp.sin(y))]
        return lambda x: lax.switch(k, cases, x)

    def pieces(x):
        return jnp.piecewise(x, [x < 0, x > 1], [lambda y: -y, lambda y: y**2, jnp.sin])

    return {
        "cond_vjp": (cotangent(cond), X, S, W_OUT),
        "cond_else_vjp": (cotangent(cond), X, -S, W_OUT),
        **{
            f"switch_{at}_vjp": (lambda k, *a: cotangent(switch(k))(*a), np.int64(k), X, W_OUT)
            for at, k in {"below": -1, "first": 0, "second": 1, "last": 2, "above": 5}.items()
        },
        "piecewise": (pieces, X),
        "piecewise_vjp": (cotangent(pieces), X, W_OUT),
        "diag": (lambda w: jnp.diag(w) * jnp.diag(w, 1).sum(), W),
        "diag_vjp": (cotangent(lambda w: jnp.diag(w)), W, W_OUT[:4]),
        "corrcoef": (lambda m: jnp.corrcoef(m), M),
        "corrcoef_vjp": (cotangent(lambda m: jnp.corrcoef(m)[0]), M, W_OUT[:3]),
    }


def loops():
    import jax
    import jax.numpy as jnp
    from jax import lax

    def until(x):
        return lax.while_loop(
            lambda c: jnp.sum(c) < 9, lambda c: c + 0.7 * jnp.cos(c) ** 2 + 0.1, x
        )

    def low(c):
        return c < 3

    def more(c):
        return c + 0.7

    def times(x):
        return lax.fori_loop(0, (x[0] * 10).astype(int), lambda i, c: jnp.sin(c) + i * x, x)

    def lanes(m):
        def goes_on(c):
            return (c[0] < 4) & (jnp.sum(c[1]) < 6)

        def step(c):
            return c[0] + 1, jnp.cos(c[1]) + c[1] * c[0]

        def one(row):
            return lax.while_loop(goes_on, step, (0, row))

        count, rows = jax.vmap(one)(m)
        return rows * count[:, None]

    return {
        "while_lanes": (lanes, M),
        "while_lanes_jvp": (tangent(lanes), M, M[::-1]),
        "while_lanes_of_lanes": (jax.vmap(lanes), np.stack([M, 2 * M])),
        "while_lane": (lambda x: jax.vmap(lambda v: lax.while_loop(low, more, v))(x), X),
        "exp1": (lambda x: jax.scipy.special.exp1(jnp.abs(x)), X),
        "expi": (jax.scipy.special.expi, X),
        "expi_jvp": (tangent(jax.scipy.special.expi), X, W_OUT),
        "while_jvp": (tangent(until), X, W_OUT),
        "fori_traced": (times, X),
        "fori_traced_jvp": (tangent(times), X, W_OUT),
    }


def empty():
    import jax.numpy as jnp
    from jax import lax

    def scanned(x):
        end, seen = lax.scan(lambda c, y: (c + y, c * y), x[0], x[:0])
        return end + seen.sum() + x

    k = np.zeros((0,), int)
    return {
        "empty_join": (lambda x: jnp.concatenate([x[:0], x[1:], x[5:]]), X),
        "empty_table": (
            lambda x: jnp.concatenate([np.zeros(0), x]) + (np.zeros((0, 5)) * x).sum(),
            X,
        ),
        "empty_sum": (lambda m: m[:, :0].sum(axis=1) + m[:0].prod() + jnp.any(m[:, 5:]), M),
        "empty_product": (lambda m: m[:, :0] @ m[:, :0].T + m[:0].T.sum(), M),
        "empty_scan": (scanned, X),
        "empty_scan_vjp": (cotangent(scanned), X, W_OUT),
        "empty_index": (lambda x: x.at[k].set(x[k]).at[k].add(2.0) * 2 + x[k].sum(), X),
        "empty_pad": (lambda x: jnp.pad(jnp.sin(x)[:0], (2, 3), constant_values=1.5) + x, X),
        "empty_sort": (lambda x: jnp.sort(x[:0]).sum() + jnp.cumsum(x[:0]).sum() + x, X),
        "empty_loop": (lambda x: lax.fori_loop(0, 70, carry_nothing, (x, x[:0]))[0], X),
        "empty_vjp": (cotangent(lambda x: jnp.sin(x[:0]).sum() + x[::2] ** 2), X, W_OUT[:3]),
    }


def bits():
    import jax
    import jax.numpy as jnp
    from jax import lax

    whole = np.array([0, 1, -1, 12345, -(2**31), 2**31 - 1], "int32")
    wild = np.array([0.1, -0.0, 1 + 2.0**-24, 1 + 3 * 2.0**-24, 3e38, 3.5e38, 1e-39, -1e-300])
    wild = np.concatenate([wild, [-1e300, np.inf, np.nan, 2.0**-126]])
    return {
        "bits_counted": (lambda i: lax.population_count(i) * 100 + lax.clz(i), whole),
        "bits_of_bytes": (
            lambda i: lax.clz(i.astype("uint8")) + lax.population_count(i),
            whole % 99,
        ),
        "precision": (lambda x: lax.reduce_precision(x, 8, 23), wild),
        "precision_half": (lambda x: lax.reduce_precision(x, 5, 10), wild),
        "precision_brain": (lambda x: lax.reduce_precision(x.astype("float32"), 8, 7), wild[:4]),
        "tile": (lambda x: jnp.tile(jnp.sin(x), 3)[2:9], X),
        "tile_axes": (lambda m: jnp.tile(m.T, (2, 3)) @ jnp.tile(jnp.ones(3), (3, 1)).ravel(), M),
        "tile_vjp": (cotangent(lambda x: jnp.tile(x, 2)[3:8]), X, W_OUT),
        "device_put": (lambda x: jax.device_put(x) + 1, X),
    }


def known():
    """Give functions whose refused parts depend on no argument."""
    import jax
    import jax.numpy as jnp

    signal = np.array([1.0, 2.0, -1.0, 0.5, 0.3])
    large = np.random.default_rng(9).normal(size=(70, 70)) + 70 * np.eye(70)
    return {
        "known_inverse": (lambda x: jnp.linalg.inv(W) @ x[:4], X),
        "known_large_inverse": (lambda x: (jnp.linalg.inv(large) * jnp.sin(x[0])).sum(axis=1), X),
        "known_solution": (lambda x: jnp.linalg.solve(W, signal[:4]) * x[:4], X),
        "known_values": (lambda x: jnp.linalg.eigh(W + W.T)[0] * x[0], X),
        "known_window": (lambda x: jnp.convolve(jnp.ones(3), jnp.ones(3)) * x, X),
        "known_spectrum": (
            lambda x: jnp.fft.fft(signal).real * x + jnp.abs(jnp.fft.fft(signal)),
            X,
        ),
        "known_noise": (lambda x: jax.random.normal(jax.random.key(3), (5,)) * x, X),
        "known_raw_noise": (lambda x: jax.random.uniform(jax.random.PRNGKey(3), (5,)) * x, X),
        "known_vjp": (cotangent(lambda x: jax.scipy.linalg.expm(W / 9) @ x[:4]), X, W_OUT[:4]),
    }


def convolutions():
    import jax.numpy as jnp
    from jax import lax

    def convolve(mode):
        return lambda x, k: jnp.convolve(x, k, mode=mode)

    def strided(m, k):
        numbers = lax.conv_dimension_numbers((1, 2, 3, 4), (3, 2, 2, 2), ("NCHW", "OIHW", "NHWC"))
        signal = jnp.stack([m[:, :4], jnp.sin(m[:, 1:])])[None]
        kernel = jnp.outer(k, jnp.arange(8.0)).reshape(3, 2, 2, 2)
        options = {"lhs_dilation": (1, 3), "rhs_dilation": (2, 1), "dimension_numbers": numbers}
        return lax.conv_general_dilated(signal, kernel, (1, 2), [(1, 2), (-1, 0)], **options)

    def plane(m, w):
        from jax.scipy.signal import convolve2d

        return convolve2d(m, w[:2, :3], mode="same")

    kernel, rest = KERNELS[0], np.random.default_rng(10).normal(size=(3, 5))
    return {
        **{f"convolve_{mode}": (convolve(mode), X, kernel) for mode in ("full", "same", "valid")},
        "convolve_vjp": (cotangent(convolve("same")), X, kernel, W_OUT),
        "convolve_long": (convolve("full"), np.tile(X, 20), np.tile(kernel, 9)),
        "correlate": (lambda x, k: jnp.correlate(x, k, mode="same"), X, kernel),
        "convolve_plane": (plane, M, W),
        "convolve_plane_vjp": (cotangent(plane), M, W, rest),
        "convolve_strided": (strided, M, kernel),
        "convolve_strided_vjp": (cotangent(lambda m, k: strided(m, k).sum((0, 1, 2))), M, *KERNELS),
    }


def carry_nothing(i, carried):
    return carried[0] * 0.9 + carried[1].sum(), carried[1] * i


def halved(count):
    """Make a model whose drift is halved as often as `count`, a function of the time, says."""
    from jax import lax

    @ps.model(state={"x": np.ones(2)}, params={"a": 1.0}, name="halved")
    def model(t, u, p):
        return {"x": lax.fori_loop(0, count(t), lambda i, c: c * 0.5, -p.a * u.x)}

    return model


def mixed():
    """Make a model with whole numbers, tables and literals of every kind."""
    import jax.numpy as jnp
    from jax import lax

    @ps.model(state={"x": np.linspace(-1, 1, 5)}, params={"a": 1.3}, name="mixed")
    def model(t, u, p):
        number = (t * 1000).astype(int) * 40503 * 65536  # wraps where it has 32 bits
        table = jnp.array(np.sin(np.arange(5.0)))
        count, last = lax.scan(lambda c, y: ((c[0] + 1, c[0] * c[1]), c[1]), (0, -1), u.x)
        order = jnp.argsort(u.x)
        rate = u.x[order] * 0.1 + table + jnp.arange(5) / 3 + last + count[0] + number / 2.0**31
        return {"x": p.a * rate + jnp.median(u.x) + u.x.at[jnp.argmax(u.x)].set(0.0)}

    return model
