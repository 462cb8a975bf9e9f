# What precompiling the package compiles too: an epoch of training, its validation and a forecast in
# Float32, for GOKU-UI, with a core that is written here rather than translated.

workload_drift(u, p, t) = (-p[1] * u[1] + u[2], -p[1] * u[2] - u[1])
workload_drift_vjp(u, p, t, w) =
    (-p[1] * w[1] - w[2], w[1] - p[1] * w[2]), (-u[1] * w[1] - u[2] * w[2],)
workload_noise(u, p, t) = (0.1f0, 0.1f0)
workload_noise_vjp(u, p, t, w) = (0.0f0, 0.0f0), (0.0f0,)

function workload_system()
    field(value, vjp) = Field(
        (; value=(du, a...) -> (du .= value(a...); nothing), vjp=(gu, gp, a...) -> nothing),
        (; value, vjp),
    )
    drift = field(workload_drift, workload_drift_vjp)
    noise = field(workload_noise, workload_noise_vjp)
    return System{Float32,typeof(drift),typeof(noise),Tuple{}}(
        "workload", 2, 1, drift, noise, :diagonal, :ito, 2, ()
    )
end

function workload()
    model = latent_model(
        workload_system(); core="model", dt=1.0, infer=[1], defaults=[0.5], substeps=2,
        bounds=[0.1; 1.0;;], encoder="attention", channels=2, length=7, span=4, hidden=4, features=3,
        recurrent=2, latent_state=2, latent_params=2, state=2, variational=false, carry=false,
    )
    parameter_table(model)
    run = training_run(
        model, zeros(Float32, 2, 20, 1); batch=2, learning_rate=0.01, warmup=1, weight_decay=0.1,
        clip=1.0, continuity=2.0, kl=1.0, kl_cycles=4, forecast_steps=2, forecast_weight=1.0,
        stochastic=true, flip=false, jitter=0.0, average=0.9, seed=1, updates=2,
    )
    copyto!(run.weights, flatten(LuxCore.initialparameters(Xoshiro(1), model)))
    epoch!(run, 1, Int8[0])
    judge!(zeros(Float32, 2), run, zeros(Float32, 2, 2, 9))
    infer!(
        zeros(Float32, 2, 9, 1, 1), zeros(Float32, 2, 9, 1, 1), zeros(Float32, 1, 1), model,
        run.weights, zeros(Float32, 2, 7, 1); steps=2, refine=1, scale=ones(Float32, 2), paths=nothing,
        seed=0, block=8,
    )
    return nothing
end

@compile_workload workload()
