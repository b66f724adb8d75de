//! The servers that PiCloud is held against, each started as its users start it, on a port of its own.

use std::{
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use tokio::{
    net::TcpStream,
    process::{Child, Command},
};

/// Where `cargo xtask bench` puts what others made. Relative to the workspace, as all paths here.
const TOOLS: &str = "target/tools";
/// Configuration and worker of workerd.
const WORKERD_CONFIG: &str = "host/bench/peers/workerd/config.capnp";
const STARTED_AFTER_MAX: Duration = Duration::from_secs(20);

/// Settings with which `wasmtime serve` is at its best: an instance per request, as it is by default for this world, from a pool, whose
/// memory is kept and cleaned by the kernel's record of what was written. No limit of time or fuel.
const WASMTIME_SERVE: &[&str] = &[
    "serve",
    "-Opooling-allocator",
    "-Omemory-init-cow",
    "-Opooling-pagemap-scan=auto",
    "-Opooling-memory-keep-resident=262144",
    "-Opooling-table-keep-resident=131072",
    "-Opooling-async-stack-keep-resident=32768",
];

/// Another server, ended when dropped.
pub(crate) struct Peer {
    child: Child,
    pub(crate) address: String,
}

impl Peer {
    /// One that is written here: `bench serve <which>`.
    pub(crate) async fn own(which: &str, port: u16) -> Result<Self> {
        let arguments = ["serve".into(), which.into(), port.to_string().into()];
        Self::start(which, &std::env::current_exe()?, &arguments, port).await
    }

    /// Cloudflare's server of workers, with the same logic in JavaScript. None, and a word about it, where it can't be had.
    pub(crate) async fn workerd(port: u16) -> Option<Self> {
        let Some(program) = workerd() else { return left_out("workerd", &format!("there is no program below {TOOLS}/workerd")) };
        let arguments = ["serve".into(), WORKERD_CONFIG.into(), format!("--socket-addr=http=127.0.0.1:{port}").into()];
        Self::start("workerd", &program, &arguments, port).await.map_or_else(|error| left_out("workerd", &format!("{error:#}")), Some)
    }

    /// Wasmtime's own server, with the same logic in Rust as a component. None, and a word about it, where it can't be had.
    pub(crate) async fn wasmtime_serve(port: u16) -> Option<Self> {
        let (program, component) = (wasmtime(), Path::new(TOOLS).join("cart.wasm"));
        if let Some(absent) = [&program, &component].into_iter().find(|path| !path.exists()) {
            return left_out("wasmtime serve", &format!("{} is not there", absent.display()));
        }
        let mut arguments: Vec<OsString> = WASMTIME_SERVE.iter().map(Into::into).collect();
        arguments.extend([format!("--addr=127.0.0.1:{port}").into(), component.into()]);
        let started = Self::start("wasmtime-serve", &program, &arguments, port).await;
        started.map_or_else(|error| left_out("wasmtime serve", &format!("{error:#}")), Some)
    }

    /// Waits until it listens. What it says is in `target/bench/<name>.log`.
    async fn start(name: &str, program: &Path, arguments: &[OsString], port: u16) -> Result<Self> {
        let log = format!("target/bench/{name}.log");
        let output = File::create(&log).with_context(|| format!("creating {log}"))?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).kill_on_drop(true);
        let mut child = command.spawn().with_context(|| format!("starting {}", program.display()))?;
        let address = format!("127.0.0.1:{port}");
        let started = Instant::now();
        while TcpStream::connect(&address).await.is_err() {
            if let Some(status) = child.try_wait()? {
                bail!("{name} ended with {status}: {}", fs::read_to_string(&log).unwrap_or_default().trim());
            }
            if started.elapsed() > STARTED_AFTER_MAX {
                bail!("{name} does not listen at {address} after {STARTED_AFTER_MAX:?}; its output is in {log}");
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(Self { child, address })
    }

    pub(crate) fn pid(&self) -> Result<u32> {
        self.child.id().with_context(|| format!("the peer at {} ended", self.address))
    }
}

/// The program itself: what npm puts into `.bin` may be a script that starts it.
pub(crate) fn workerd() -> Option<PathBuf> {
    let packages = fs::read_dir(Path::new(TOOLS).join("workerd/node_modules/@cloudflare")).ok()?;
    packages.flatten().map(|package| package.path().join("bin/workerd")).find(|program| program.is_file())
}

pub(crate) fn wasmtime() -> PathBuf {
    Path::new(TOOLS).join("bin/wasmtime")
}

fn left_out(name: &str, why: &str) -> Option<Peer> {
    eprintln!(
        "left out: {name}: {why}. Its figures will be missing in the report; `make bench` says at its beginning what it could not install."
    );
    None
}
