"""Events against closed forms: when they happen, what they do, and what is recorded of them."""

import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from small_events import (
    ball,
    bouncing,
    circle,
    decay,
    dosed,
    drug,
    falling,
    membrane,
    neuron,
    spike_times,
)

import pysciml as ps
from pysciml.engines.base import Status
from pysciml.errors import SolveError


def test_a_thousand_spikes_come_at_their_times():
    # 1056 of them: far more than a record holds at first.
    times = np.linspace(0, 17000, 18)
    sol = ps.solve(neuron, t=(0, 17000), save=times, inputs={"current": 20.0}, rtol=1e-10)
    assert sol.spike.dims == ("spike_index",)
    expected = spike_times(sol.sizes["spike_index"], 20.0)
    assert expected[-1] < 17000 < expected[-1] + 10 * np.log(5)
    assert len(expected) > 1000
    np.testing.assert_allclose(sol.spike, expected, rtol=1e-9)
    last = expected[np.searchsorted(expected, times[1:]) - 1]
    v = -45.0 + (-70.0 + 45.0) * np.exp(-(times[1:] - last) / 10)
    np.testing.assert_allclose(sol.v[1:], v, atol=1e-6)


@pytest.mark.parametrize("solver", ["Dopri8", "Rodas5P"])
def test_every_trajectory_has_its_own_spikes(solver):
    current = xr.DataArray([10.0, 15.0, 15.5, 20.0, 40.0], dims="current", name="current")
    sol = ps.solve(
        neuron, t=(0, 200), save=100.0, inputs={"current": current}, solver=solver, rtol=1e-9
    )
    assert sol.spike.dims == ("current", "spike_index")
    for strength, spikes in zip(current.values, sol.spike.values, strict=True):
        # At 15 it comes to rest on the threshold, which is not a crossing.
        known = spike_times(1000, strength) if strength > 15 else np.zeros(0)
        known = known[known < 200]
        np.testing.assert_allclose(spikes[: len(known)], known, rtol=3e-8)
        assert np.isnan(spikes[len(known) :]).all()
    assert np.isfinite(sol.spike).any("current").all()


def test_coming_to_rest_on_the_threshold_is_no_spike_at_any_tolerance():
    tau = xr.DataArray(np.linspace(1, 50, 20), dims="tau", name="tau")
    for rtol in (1e-3, 1e-6, 1e-9):
        common = {"t": (0, 1000), "save": 500.0, "params": {"tau": tau}, "rtol": rtol}
        common["solver"] = "Tsit5"
        assert ps.solve(neuron, inputs={"current": 15.0}, **common).sizes["spike_index"] == 0
    sol = ps.solve(neuron, inputs={"current": 15.01}, **common)
    expected = spike_times(1, 15.01, tau=tau.values)
    np.testing.assert_allclose(sol.spike[:, 0], expected, rtol=1e-5)


def oscillator():
    model = circle.with_event("rise", when=lambda t, u, p: u.x, direction="up")
    model = model.with_event("fall", when=lambda t, u, p: u.x, direction="down")
    model = model.with_event("peak", when=lambda t, u, p: u.x - 0.98, direction="up")
    return model.with_event("late", when=lambda t, u, p: t + u.x - 10.0)


oscillating = oscillator()


@pytest.mark.parametrize(
    ("dtype", "rtol", "close"), [("float64", 1e-9, 1e-7), ("float32", 1e-5, 2e-3)]
)
def test_crossings_up_down_and_both_ways(dtype, rtol, close):
    # It starts on the condition of two of them, which is not a crossing. Crossings at 0.98
    # come in pairs, 0.4 apart, within one step or not.
    sol = ps.solve(oscillating, t=(0, 20), save=10.0, solver="Tsit5", rtol=rtol, dtype=dtype)
    known = {
        "rise": 2 * np.pi * np.arange(1, 4),
        "fall": np.pi + 2 * np.pi * np.arange(3),
        "peak": np.arcsin(0.98) + 2 * np.pi * np.arange(3),
    }
    for name, times in known.items():
        np.testing.assert_allclose(sol[name], times, atol=close)
    late = sol.late.values
    assert late.shape == (1,)
    np.testing.assert_allclose(late + np.sin(late), 10.0, atol=close)


def test_a_falling_ball_stops_at_the_ground():
    height = xr.DataArray([0.5, 1.0, 3.0, 30.0], dims="from", name="height")
    sol = ps.solve(
        falling, t=(0, 1), save=0.01, state={"height": height}, rtol=1e-9, on_error="return"
    )
    expected = np.sqrt(2 * height / 9.81)
    np.testing.assert_allclose(sol.ground[:3, 0], expected[:3], rtol=1e-12)
    assert np.isnan(sol.ground[3]).all()
    stopped = Status.STOPPED
    assert sol.status.values.tolist() == [stopped, stopped, stopped, Status.SUCCESS]
    assert sol.attrs["status"] == "success"
    exact = height - 9.81 / 2 * sol.time**2
    np.testing.assert_allclose(sol.height, exact.where(sol.time <= expected), atol=1e-9)
    assert np.isfinite(ps.solve(falling, t=(0, 1), save=0.01).height).sum() == 46


def test_a_bouncing_ball_bounces_until_no_time_passes_any_more():
    first = np.sqrt(2 / 9.81)
    flights = 2 * first * 0.8 ** np.arange(1, 41)
    sol = ps.solve(bouncing, t=(0, 4), save=0.1, rtol=1e-9)
    expected = first + np.concatenate([[0], np.cumsum(flights)])
    expected = expected[expected < 4]
    np.testing.assert_allclose(sol.bounce, expected, rtol=1e-7)
    end = first * (1 + 0.8) / (1 - 0.8)
    assert sol.height.min() > -1e-9
    with pytest.raises(SolveError, match=rf"no time between them.*{end:.5g}.*stop=True"):
        ps.solve(bouncing, t=(0, 6), save=0.15)
    part = ps.solve(bouncing, t=(0, 6), save=0.15, on_error="return")
    assert part.status == Status.EVENTS_ACCUMULATE
    assert np.isfinite(part.height).values.tolist() == (part.time <= end).values.tolist()
    assert part.height.min() > -1e-9
    np.testing.assert_allclose(part.bounce.max(), end, rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "close"),
    [
        ({"rtol": 1e-10}, 1e-9),
        ({"rtol": 1e-5, "dtype": "float32"}, 1e-3),
        ({"solver": "RK4", "dt": 0.01}, 1e-8),
        ({"solver": "RK4", "dt": 0.01, "dtype": "float32"}, 1e-4),
    ],
)
def test_doses_at_known_times(options, close):
    # The save times are those of all doses and others; at a dose they show what was before.
    sol = ps.solve(dosed, t=(0, 4), save=0.25, **options)
    np.testing.assert_allclose(sol.drug, drug(sol.time.values), rtol=close)
    assert sol.pill.values.tolist() == [1, 2, 3, 4]
    assert sol.shot.values.tolist() == [0.5, 2.25]


def test_known_times_that_no_save_time_meets_and_that_rounding_moves():
    # 0.1 * 3 is not 0.3; a step between the two would be too short to tell.
    model = decay.with_event("a", every=0.1, then=lambda t, u, p: {"drug": u.drug + 1})
    model = model.with_event("b", at=(0.3, 0.6, 0.7), then=lambda t, u, p: {"drug": u.drug * 2})
    exact, grow = 1.0, np.exp(-0.07)
    for k in range(1, 11):
        exact = exact * grow
        exact = exact + 1 if k < 10 else exact
        exact = exact * 2 if k in (3, 6, 7) else exact
    for options in ({"rtol": 1e-10}, {"solver": "RK4", "dt": 0.01}):
        sol = ps.solve(model, t=(0, 1), save=[0.95, 1.0], **options)
        assert sol.sizes["a_index"] == 10
        assert sol.b.values.tolist() == [0.3, 0.6, 0.7]
        assert float(sol.drug[-1]) == pytest.approx(exact, rel=1e-8)


def test_events_after_the_last_save_time_are_recorded_too():
    for options in ({}, {"solver": "RK4", "dt": 0.01}):
        sol = ps.solve(neuron, t=(0, 60), save=[5.0], inputs={"current": 20.0}, **options)
        assert sol.time.values.tolist() == [5.0]
        np.testing.assert_allclose(sol.spike, spike_times(3, 20.0), atol=0.03)


def test_simultaneous_events_happen_in_the_order_in_which_they_were_added():
    model = ps.model(state={"x": 0.0, "y": 1.0})(lambda t, u, p: {"x": 1.0, "y": 0.0})
    for name, change in (("add", lambda y: y + 1), ("double", lambda y: 2 * y)):
        model = model.with_event(
            name, when=lambda t, u, p: u.x - 0.3, then=lambda t, u, p, f=change: {"y": f(u.y)}
        )
    sol = ps.solve(model, t=(0, 1), save=1.0, solver="Tsit5")
    assert float(sol.y[-1]) == 4.0  # the other order gives 3
    np.testing.assert_allclose([sol.add[0], sol.double[0]], 0.3, rtol=1e-14)


def test_a_kick_across_the_threshold_is_a_spike():
    # From rest, every second kick of 8 mV lifts the sum above 15 mV; a spike resets to -70.
    kicked = neuron.with_event("kick", every=2.0, then=lambda t, u, p, x: {"v": u.v + 8.0})
    above, spikes = 0.0, []
    for k in range(1, 26):
        above = above * np.exp(-0.2) + 8.0
        if above > 15.0:
            spikes.append(2.0 * k)
            above = -5.0
    sol = ps.solve(kicked, t=(0, 51), save=51.0, rtol=1e-9)
    np.testing.assert_allclose(sol.spike, spikes, rtol=1e-12)
    assert float(sol.v[-1]) == pytest.approx(-65 + above * np.exp(-0.1), abs=1e-6)
    # Fixed steps see it at the end of the next one.
    fixed = ps.solve(kicked, t=(0, 51), save=51.0, solver="RK4", dt=0.01)
    np.testing.assert_allclose(fixed.spike, spikes, atol=0.011)


def test_events_by_a_jump_of_an_input_and_jumps_beside_spikes():
    model = neuron.with_event("on", when=lambda t, u, p, x: x.current - 5.0, direction="up")
    times, values = [0.0, 30.0, 55.0, 90.0, 120.0], [0.0, 20.0, 0.0, 20.0, 20.0]
    course = xr.DataArray(values, dims="time", coords={"time": times})
    sol = ps.solve(
        model, t=(0, 120), save=30.0, inputs={"current": ps.Forcing(course, "previous")}, rtol=1e-9
    )
    np.testing.assert_allclose(sol.on, [30.0, 90.0], rtol=1e-12)
    early = 30 + spike_times(1, 20.0)
    v = -45 - 25 * np.exp(-(55 - early[0]) / 10)  # when the current goes off, after one spike
    v = -65 + (v + 65) * np.exp(-3.5)  # when it comes back
    late = 90 + 10 * np.log((-45 - v) / 5)
    np.testing.assert_allclose(sol.spike, [*early, late, late + 10 * np.log(5)][:3], rtol=1e-8)


def test_fixed_steps_locate_events_to_first_order():
    currents = xr.DataArray(np.linspace(18, 30, 101), dims="current", name="current")
    expected = np.stack([spike_times(5, current) for current in currents.values])
    errors = []
    for dt in (0.2, 0.1, 0.05):
        sol = ps.solve(
            neuron, t=(0, 100), save=100.0, inputs={"current": currents}, solver="RK4", dt=dt
        )
        late = sol.spike[:, :5].values - expected
        assert (np.abs(late) <= 5 * dt).all()  # each spike resets late by a step at most
        errors.append(late[:, 4].mean())
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    np.testing.assert_allclose(orders, 1.0, atol=0.15)


def test_noisy_neurons_fire_at_the_rate_of_theory():
    # Mean interval of the leaky neuron in white noise: tau sqrt(pi) times an integral of
    # exp(z^2) (1 + erf z) (Siegert 1951). A path looked at every dt seems to see its threshold
    # higher by 0.5826 sigma sqrt(dt) (Broadie, Glasserman & Kou 1997).
    from scipy.integrate import quad
    from scipy.special import erf

    sigma, dt, target = 4.0, 0.05, -65.0 + 14.0
    noisy = neuron.noise(lambda t, u, p, x: {"v": sigma})
    sol = ps.solve(
        noisy, t=(0, 500), save=500.0, inputs={"current": 14.0}, trajectories=400, rng=1, dt=dt
    )
    spread = sigma * np.sqrt(10.0)

    def interval(shift):
        low, high = (-70.0 - target) / spread, (-50.0 + shift - target) / spread
        return 10 * np.sqrt(np.pi) * quad(lambda z: np.exp(z * z) * (1 + erf(z)), low, high)[0]

    gaps = np.diff(sol.spike.values, axis=1)[:, :10]  # the first ten: nearly all have them
    assert np.isfinite(gaps).mean() > 0.999
    mean, error = np.nanmean(gaps), np.nanstd(gaps) / np.sqrt(np.isfinite(gaps).sum())
    assert abs(mean - interval(0.5826 * sigma * np.sqrt(dt))) < 4 * error
    assert 0 < mean - interval(0.0) < sigma * np.sqrt(dt) * 2


def test_conditions_may_use_jax_and_vectors():
    @ps.model(state={"x": np.array([1.0, 2.0, 4.0])}, params={"level": 0.5})
    def decays(t, u, p):
        return {"x": -u.x}

    model = decays.with_event("all_low", when=lambda t, u, p: jnp.max(u.x) - p.level, stop=True)
    sol = ps.solve(model, t=(0, 5), save=1.0, rtol=1e-9)
    assert float(sol.all_low[0]) == pytest.approx(np.log(8), rel=1e-8)
    assert np.isnan(sol.x.sel(time=slice(3, None))).all()


def test_a_model_without_events_here_may_have_them_there():
    assert membrane.events == ()
    assert ball.events == ()
    assert [event.name for event in neuron.without_noise().events] == ["spike"]
