//! The servers of others that `make bench` holds PiCloud against: installed in `target/tools`, each at one version, and kept there.
//!
//! None of them is needed to build, to test or to run PiCloud. One that can't be had here is named, and the benchmark goes on without
//! its figures.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{guest, inputs, shell, toolchain::Module};

/// Its version is in there, and the worker beside it.
const WORKERD: &str = "host/bench/peers/workerd";
/// What `wasmtime serve` serves.
const CART: Module = Module {
    name: "cart-component",
    folder: "host/bench/peers/wasi-http",
    inputs: &[
        "host/bench/peers/wasi-http/Cargo.toml",
        "host/bench/peers/wasi-http/Cargo.lock",
        "host/bench/peers/wasi-http/src",
        "host/xtask/src/toolchain.rs",
    ],
};
/// Of the program `wasmtime`: the command (which does not compile without `component-model-async`), an optimising compiler, and what
/// instances are taken from.
const WASMTIME_FEATURES: &str = "run,serve,component-model,component-model-async,cranelift,parallel-compilation,pooling-allocator,threads";

/// Installs what is missing; takes no time when nothing is.
pub(crate) fn prepare(workspace: &Path) {
    for (name, installed) in [("workerd", workerd(workspace)), ("wasmtime serve", wasmtime_serve(workspace))] {
        if let Err(error) = installed {
            eprintln!("bench: goes on without {name}: {error:#}");
        }
    }
}

fn tools(workspace: &Path) -> PathBuf {
    workspace.join("target/tools")
}

/// The packages of the lock file. Their scripts are not run: all that is wanted is the program for this machine.
fn workerd(workspace: &Path) -> Result<()> {
    let directory = tools(workspace).join("workerd");
    let wanted = inputs::digest(workspace, "", &[&format!("{WORKERD}/package-lock.json")])?;
    // Written last: an installation that was interrupted is made anew.
    let stamp = directory.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    fs::create_dir_all(&directory).with_context(|| format!("making {}", directory.display()))?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(workspace.join(WORKERD).join(file), directory.join(file)).with_context(|| format!("copying {WORKERD}/{file}"))?;
    }
    let mut npm = Command::new("npm");
    npm.current_dir(&directory).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]);
    shell::run(&mut npm)?;
    fs::write(&stamp, wanted).with_context(|| format!("writing {}", stamp.display()))
}

/// Wasmtime's program at the version that PiCloud has in it, and the component.
fn wasmtime_serve(workspace: &Path) -> Result<()> {
    let component = guest::component(workspace, &CART, &workspace.join("target/guest"), "the cart for `wasmtime serve`")?;
    guest::write_whole(&tools(workspace).join("cart.wasm"), &component)?;
    let version = version_of_wasmtime(&fs::read_to_string(workspace.join("Cargo.lock")).context("reading Cargo.lock")?)?;
    let program = tools(workspace).join("bin/wasmtime");
    let installed = Command::new(&program).arg("--version").output();
    if installed.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).split_whitespace().any(|word| word == version)) {
        return Ok(());
    }
    eprintln!("wasmtime: building the program `wasmtime` {version}; takes ten minutes or more, once");
    let build = tools(workspace).join("build");
    let mut cargo = shell::cargo(workspace);
    cargo.args(["install", "wasmtime-cli", "--locked", "--force", "--version", &format!("={version}")]);
    cargo.args(["--no-default-features", "--features", WASMTIME_FEATURES]);
    shell::run(cargo.arg("--root").arg(tools(workspace)).arg("--target-dir").arg(&build))?;
    // A gigabyte that nobody needs again.
    fs::remove_dir_all(&build).with_context(|| format!("removing {}", build.display()))
}

fn version_of_wasmtime(lock: &str) -> Result<String> {
    let lock: toml::Table = lock.parse().context("Cargo.lock is not TOML")?;
    let packages = lock.get("package").and_then(toml::Value::as_array).into_iter().flatten();
    let mut ours = packages.filter(|package| package.get("name").and_then(toml::Value::as_str) == Some("wasmtime"));
    let version = ours.next().and_then(|package| package.get("version")?.as_str());
    version.map(str::to_owned).context("Cargo.lock has no package `wasmtime`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peer_is_of_the_version_that_is_built_in() {
        let lock = "[[package]]\nname = \"wasmtime-wasi\"\nversion = \"1.0.0\"\n[[package]]\nname = \"wasmtime\"\nversion = \"48.0.8\"\n";
        assert_eq!(version_of_wasmtime(lock).ok().as_deref(), Some("48.0.8"));
        assert!(version_of_wasmtime("[[package]]\nname = \"wasmtime-wasi\"\nversion = \"1.0.0\"\n").is_err());
    }
}
