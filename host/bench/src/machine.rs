//! Where the figures come from: `target/bench/machine.json`, words beside the numbers of the report.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result};
use serde_json::json;

use crate::peer;

/// How many programs wanted a processor in the minute before: what others do on this machine, when it is read before a run.
pub(crate) fn load() -> Result<f64> {
    let text = first_of("/proc/loadavg")?;
    text.split(' ').next().and_then(|load| load.parse().ok()).with_context(|| format!("/proc/loadavg says {text}"))
}

/// Writes what the machine is, how busy it was before, and which versions were compared.
pub(crate) fn describe(path: &Path, load_before: f64) -> Result<()> {
    let kernel = first_of("/proc/sys/kernel/osrelease")?;
    // The rest of it names a build.
    let kernel: Vec<&str> = kernel.split(['.', '-']).take(2).collect();
    let text = json!({
        "date": said(Command::new("date").args(["-u", "+%Y-%m-%d"]))?,
        "load_before": load_before,
        "kernel": format!("Linux {}", kernel.join(".")),
        "memory": format!("{} GiB", memory_gib()?),
        "postgresql": said(Command::new("psql").arg("--version"))?.replace("psql (PostgreSQL)", "PostgreSQL"),
        "processor": processor()?,
        "processors": std::thread::available_parallelism()?,
        "wasmtime_serve": version_of(Some(peer::wasmtime())),
        "workerd": version_of(peer::workerd()),
    });
    fs::write(path, format!("{text:#}\n")).with_context(|| format!("writing {}", path.display()))
}

/// What a peer says of itself; `null` for one that is not there.
fn version_of(program: Option<std::path::PathBuf>) -> Option<String> {
    said(Command::new(program?).arg("--version")).ok()
}

/// The output of a program that says one line.
fn said(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("running {command:?}"))?;
    anyhow::ensure!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn processor() -> Result<String> {
    let text = fs::read_to_string("/proc/cpuinfo").context("reading /proc/cpuinfo")?;
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name.trim().to_owned()));
    Ok(name.unwrap_or_else(|| std::env::consts::ARCH.to_owned()))
}

fn memory_gib() -> Result<u64> {
    let text = fs::read_to_string("/proc/meminfo").context("reading /proc/meminfo")?;
    let kib = text.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    Ok(kib.context("/proc/meminfo has no MemTotal")?.div_ceil(1 << 20))
}

fn first_of(path: &str) -> Result<String> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {path}"))?;
    Ok(text.trim().to_owned())
}
