//! `picloud serve`.

use std::time::Duration;

use anyhow::Context as _;
use tokio::runtime::{Builder, Runtime};

use crate::{
    boot::{self, Beside, DataThreads},
    config::{Arguments, Config},
    descriptors, doctor, telling, wiping,
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
    run_instance(config, Beside { watcher: None, ready: Box::new(say_ready) })
}

/// Runs an instance until it is told to stop.
pub(super) fn run_instance(config: Config, beside: Beside) -> anyhow::Result<()> {
    descriptors::take_all();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let data_plane = runtime("data", cores, wiping::only_with_secrets)?;
    let control_plane = runtime("control", CONTROL_THREADS, || {})?;
    let data = DataThreads { handle: data_plane.handle().clone(), cores };
    let result = control_plane.block_on(boot::serve(config, data, beside));
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

fn say_ready(config: &Config, took: Duration) {
    telling::tell(&format!("PiCloud is ready after {:.1} s. Stop it with Ctrl-C.\n", took.as_secs_f64()));
    telling::tell(&format!("  this instance   {}/", config.origin));
    telling::tell(&format!("  an app          {} (an app's name in place of hello)", config.app_url("hello")));
    telling::tell(&format!("  health, figures http://{}/readyz, /metrics", config.internal_bind));
    telling::tell(&format!("  all data        {}", config.data_dir.display()));
}
