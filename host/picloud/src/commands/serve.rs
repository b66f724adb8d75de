//! `picloud serve`.

use anyhow::Context as _;
use tokio::runtime::{Builder, Runtime};

use crate::{
    boot,
    config::{Arguments, Config},
    doctor, telling, wiping,
};

/// Threads of the control plane. They are few but its own: a machine full of executions still answers its owner (S-3.3).
const CONTROL_THREADS: usize = 2;

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let config = Config::read(arguments)?;
    telling::start_logging(&config.log)?;
    for name in &config.unknown_variables {
        telling::tell(&format!("warning: nothing reads the variable {name}; is it misspelt?"));
    }
    if let Some(remark) = doctor::remark_on_names(&config) {
        telling::tell(&remark);
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let data_plane = runtime("data", cores, wiping::only_with_secrets)?;
    let control_plane = runtime("control", CONTROL_THREADS, || {})?;
    let result = control_plane.block_on(boot::serve(config, data_plane.handle().clone(), cores));
    // What is left has been told to end and had its time.
    data_plane.shutdown_background();
    control_plane.shutdown_background();
    result
}

fn runtime(name: &str, threads: usize, at_start: fn()) -> anyhow::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name(name)
        .on_thread_start(at_start)
        .enable_all()
        .build()
        .with_context(|| format!("could not start the {name} threads"))
}
