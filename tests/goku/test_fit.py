"""Training: what it writes, how it goes on after a stop or a kill, and what it refuses."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap

import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from comparing import same

import pysciml as ps
from pysciml.errors import DataError, InputError, RunError, SolveError

OPTIONS = {"epochs": 4, "batch": 4, "rng": 3, "learning_rate": 1e-2, "progress": False}


def fit(goku, data, **changes):
    train, held = data.isel(sample=slice(0, 4)), data.isel(sample=slice(4, 6))
    return goku.fit(train, **{"validation": held, **OPTIONS, **changes})


@pytest.fixture(scope="module")
def whole(goku, rotations, tmp_path_factory):
    """An uninterrupted run."""
    return fit(goku, rotations, run=tmp_path_factory.mktemp("whole") / "run")


@pytest.fixture
def copy(whole, tmp_path):
    """A run directory to do harm to."""
    return shutil.copytree(whole.directory, tmp_path / "copy")


class After:
    """Does something after so many updates."""

    def __init__(self, updates, act):
        self.updates, self.act = updates, act

    def __call__(self, progress):
        if progress.update == self.updates:
            self.act()


def test_history_has_a_row_per_epoch(whole):
    assert whole.history["epoch"].values.tolist() == [1, 2, 3, 4]
    assert np.all(np.isfinite(whole.history["validation"]))
    assert whole.finished
    np.testing.assert_allclose(
        whole.history["loss"],
        whole.history["reconstruction"] + 2.0 * whole.history["continuity"],
        rtol=1e-5,
    )


def test_the_same_seed_gives_the_same_run(goku, rotations, whole):
    same(fit(goku, rotations), whole)
    other = fit(goku, rotations, rng=4)
    assert not np.array_equal(other.history["loss"], whole.history["loss"])


def test_a_loaded_run_is_the_run(whole, rotations):
    loaded = ps.load(whole.directory)
    same(loaded, whole)
    xr.testing.assert_identical(loaded.forecast(rotations, 3), whole.forecast(rotations, 3))


def test_an_error_in_the_middle_loses_no_epoch(goku, rotations, whole, tmp_path):
    def fail():
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="disk is gone"):
        fit(goku, rotations, run=tmp_path / "run", progress=After(10, fail))
    assert not ps.load(tmp_path / "run").finished
    same(ps.resume(tmp_path / "run", progress=False), whole)


def test_ctrl_c_stops_at_the_end_of_the_step_and_resumes(goku, rotations, whole, tmp_path):
    def interrupt():
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    # The seventh update lies within the second epoch of four updates.
    with pytest.raises(KeyboardInterrupt, match=r"Stopped in epoch 2; .*ps\.resume\("):
        fit(goku, rotations, run=tmp_path / "run", progress=After(7, interrupt))
    assert signal.getsignal(signal.SIGINT) is before
    stopped = ps.load(tmp_path / "run")
    assert int(stopped._arrays["run/update"]) == 7
    same(ps.resume(tmp_path / "run", progress=False), whole)


def test_an_epoch_that_was_resumed_is_tried_again_from_there(
    goku, rotations, tmp_path, monkeypatch
):
    from pysciml.engines.jax.goku.update import Updater

    def interrupt():
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        fit(goku, rotations, run=tmp_path / "run", progress=After(6, interrupt))
    updates, step = [], Updater.step

    def failing(self, state, *given):
        after, terms = step(self, state, *given)
        updates.append(int(state.update))
        failed = updates.count(7) == 1 and updates[-1] == 7
        return after, terms._replace(loss=terms.loss * np.nan) if failed else terms

    monkeypatch.setattr(Updater, "step", failing)
    ps.resume(tmp_path / "run", progress=False)
    assert updates == [6, 7, *range(6, 16)]  # four epochs of four updates


def test_a_killed_run_goes_on_to_the_same_numbers(rotations, whole, tmp_path):
    rotations.to_netcdf(tmp_path / "data.nc")
    script = textwrap.dedent("""
        import os, signal, sys
        import xarray as xr
        import pysciml as ps

        def progress(p):
            if p.update == 11:
                os.kill(os.getpid(), signal.SIGKILL)

        data = xr.load_dataarray("data.nc")
        core = ps.catalog.stuart_landau(2)
        goku = ps.GokuUI(core, channels=3, length=10, window=4, latent_params=4, hidden=8,
                         features=6, recurrent=5, latent_state=4)
        goku.fit(data.isel(sample=slice(0, 4)), validation=data.isel(sample=slice(4, 6)),
                 epochs=4, batch=4, rng=3, learning_rate=1e-2, run="run", progress=progress)
    """)
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert ps.load(tmp_path / "run").history.sizes["epoch"] == 2
    same(ps.resume(tmp_path / "run", progress=False), whole)


def test_a_finished_run_is_not_trained_again(whole):
    same(ps.resume(whole.directory, progress=After(0, pytest.fail)), whole)


@pytest.mark.parametrize("harm", ["truncated", "foreign"])
def test_a_damaged_checkpoint_is_refused_by_name(copy, harm, tmp_path):
    path = copy / "checkpoint.safetensors"
    if harm == "truncated":
        path.write_bytes(path.read_bytes()[:-100])
    else:
        from safetensors.numpy import save_file

        save_file({"weights/features.first.weight": np.zeros((2, 2))}, path)
    for verb in (ps.load, ps.resume):
        with pytest.raises(RunError, match=r"checkpoint\.safetensors"):
            verb(copy)


def test_a_directory_of_another_study_is_refused(goku, rotations, whole):
    with pytest.raises(RunError, match="learning_rate"):
        fit(goku, rotations, run=whole.directory, learning_rate=2e-2)


def test_a_model_of_ones_own_is_asked_for_and_recognised(rotations, tmp_path):
    @ps.model(
        state={"x": 1.0, "y": 0.0},
        params={"w": ps.Variable(0.4, bounds=(0.1, 1.0))},
    )
    def rotation(t, u, p):
        return {"x": -p.w * u.y, "y": p.w * u.x}

    @ps.model(
        state={"x": 1.0, "y": 0.0},
        params={"w": ps.Variable(0.4, bounds=(0.1, 1.0))},
    )
    def spiral(t, u, p):
        return {"x": -p.w * u.y - 0.1 * u.x, "y": p.w * u.x}

    goku = ps.GokuUI(rotation, channels=3, length=10, window=4, hidden=4, features=4, recurrent=3)
    run = goku.fit(rotations, epochs=1, rng=0, run=tmp_path / "run", progress=False, batch=4)
    with pytest.raises(RunError, match="pass it as model="):
        ps.load(tmp_path / "run")
    with pytest.raises(RunError, match="not the one of the run"):
        ps.load(tmp_path / "run", model=spiral)
    same(ps.load(tmp_path / "run", model=rotation), run)
    found = run.infer(rotations)
    assert set(found.data_vars) == {"x", "y", "w"}
    assert float(found["w"].min()) >= 0.1


def test_a_loss_that_is_not_finite_stops_with_its_place(rotations):
    @ps.model(state={"x": 1.0, "y": 1.0}, params={"k": ps.Variable(1.0, bounds=(0.5, 2.0))})
    def undefined(t, u, p):
        return {"x": -u.x, "y": p.k * jnp.sqrt(-1 - u.y**2)}

    goku = ps.GokuUI(undefined, channels=3, length=10, window=4, hidden=4, features=4, recurrent=3)
    with pytest.raises(
        SolveError, match=r"2 retries.* In sample \d.* variable y is not finite from"
    ):
        goku.fit(rotations, epochs=2, rng=0, progress=False, batch=4)


def test_a_gradient_that_is_not_finite_stops_though_the_loss_is(rotations):
    @ps.model(state={"x": 1.0, "y": 1.0}, params={"k": ps.Variable(1.0, bounds=(0.5, 2.0))})
    def cornered(t, u, p):
        return {"x": -p.k * u.x, "y": -u.y + jnp.sqrt(0.0 * u.y)}  # 0, its slope 0 / 0

    goku = ps.GokuUI(cornered, channels=3, length=10, window=4, hidden=4, features=4, recurrent=3)
    with pytest.raises(SolveError, match=r"the weights or the gradient are not"):
        goku.fit(rotations, epochs=1, rng=0, progress=False, batch=16)


def test_bad_data_are_refused_in_a_sentence(goku, rotations):
    flat = rotations.copy(deep=True)
    flat.loc[{"channel": "middle"}] = 3.0
    holes = rotations.copy(deep=True)
    holes[1, 7, 2] = np.nan
    cases = {
        "constant.*'middle'|'middle'.*constant": flat,
        "NaN.*right": holes,
        "40 time steps|9 time steps": rotations.isel(time=slice(0, 9)),
        "channel": rotations.isel(channel=slice(0, 2)),
        "time": rotations.isel(time=[0, 2, 1, *range(3, 40)]),
        "sample": rotations.isel(sample=0),
    }
    for match, data in cases.items():
        with pytest.raises(DataError, match=match):
            goku.fit(data, progress=False, epochs=1)


def test_bad_settings_are_refused_in_a_sentence(goku, rotations, oscillators):
    with pytest.raises(InputError, match=r"'learnin_rate'.*Did you mean 'learning_rate'"):
        fit(goku, rotations, learnin_rate=1.0)
    with pytest.raises(InputError, match="epochs must be greater than 0"):
        fit(goku, rotations, epochs=0)
    with pytest.raises(InputError, match=r"no parameter 'b'"):
        ps.GokuUI(oscillators, channels=3, length=10, window=4, infer=("b",))
    with pytest.raises(InputError, match="no finite bounds"):
        ps.GokuUI(oscillators, channels=3, length=10, window=4, infer=("G",))
    with pytest.raises(InputError, match="shorter than one window"):
        ps.GokuUI(oscillators, channels=3, length=5, window=8)
    with pytest.raises(InputError, match="no noise to learn"):
        ps.GokuUI(oscillators.without_noise(), channels=3, length=10, window=4, noise="learned")
