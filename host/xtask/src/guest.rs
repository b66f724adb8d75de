//! `cargo xtask guest`: the guest component from its source, by whichever toolchain can, once per state of its inputs.
//!
//! The active toolchain builds it if it has the target. Otherwise Debian's own does (`rustc-web cargo-web rust-web-src lld-22`):
//! it has no compiled standard library for this target, but its source. The two never share a PATH. Releases use Debian's, so
//! that the same source gives the same bytes everywhere.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest as _, Sha256};

use crate::inputs;

const TARGET: &str = "wasm32-unknown-unknown";
/// Debian's toolchain, and where its linker is. Named in the error if they are missing.
const DEBIAN_PACKAGES: &str = "rustc-web cargo-web rust-web-src lld-22";
const DEBIAN_LINKER: &str = "/usr/bin/wasm-ld-22";
/// What determines the bytes of the guest, beside the toolchain. Relative to the workspace.
const INPUTS: &[&str] = &["guest/Cargo.toml", "guest/Cargo.lock", "guest/src", "wit", "host/xtask/src/guest.rs"];
/// The sandbox's own stack, at the bottom of its memory, so that an overflow traps: see `call_depth` in limits.rs.
const STACK_BYTES: u32 = 512 << 10;

/// Builds the component into `target/guest/guest.wasm` unless it is there already, and says so.
pub(crate) fn build(workspace: &Path) -> Result<()> {
    let toolchain = Toolchain::find()?;
    let output = workspace.join("target/guest");
    let digest = inputs::digest(workspace, toolchain.version(), INPUTS)?[..32].to_owned();
    let cached = output.join(format!("{digest}.wasm"));
    if !cached.exists() {
        eprintln!("guest: building the Rhai interpreter for {TARGET} ({}); takes a minute or two, once", toolchain.describe());
        let core = toolchain.compile(workspace, &output)?;
        let component = wit_component::ComponentEncoder::default().validate(true).module(&core)?.encode()?;
        write_whole(&cached, &component)?;
    }
    let component = fs::read(&cached)?;
    let current = output.join("guest.wasm");
    // Its time stamp makes the executor build again: only touched when the bytes are others.
    if fs::read(&current).ok().as_deref() != Some(&component) {
        write_whole(&current, &component)?;
    }
    eprintln!("guest: {} ({} KiB)", inputs::hex(&Sha256::digest(&component))[..12].to_owned(), component.len() >> 10);
    Ok(())
}

enum Toolchain {
    /// The active one, with `rustup target add` done by its user.
    Active {
        version: String,
    },
    Debian {
        version: String,
    },
}

impl Toolchain {
    fn find() -> Result<Self> {
        let sysroot = output_of(Command::new("rustc").args(["--print", "sysroot"]))?;
        if Path::new(sysroot.trim()).join("lib/rustlib").join(TARGET).join("lib").is_dir() {
            return Ok(Self::Active { version: output_of(Command::new("rustc").arg("-vV"))? });
        }
        let installed =
            ["/usr/bin/rustc", "/usr/bin/cargo", "/usr/lib/rustlib/src", DEBIAN_LINKER].iter().all(|path| Path::new(path).exists());
        ensure!(
            installed,
            "nothing here can build for {TARGET}. On Debian: `apt-get install --no-install-recommends {DEBIAN_PACKAGES}`. Elsewhere: `rustup target add {TARGET}`."
        );
        Ok(Self::Debian { version: output_of(Command::new("/usr/bin/rustc").arg("-vV"))? })
    }

    fn describe(&self) -> &'static str {
        match self {
            Self::Active { .. } => "active toolchain",
            Self::Debian { .. } => "Debian's toolchain",
        }
    }

    fn version(&self) -> &str {
        match self {
            Self::Active { version } | Self::Debian { version } => version,
        }
    }

    /// Returns the bytes of the core module.
    fn compile(&self, workspace: &Path, output: &Path) -> Result<Vec<u8>> {
        let mut cargo = match self {
            Self::Active { .. } => Command::new("cargo"),
            Self::Debian { .. } => Command::new("/usr/bin/cargo"),
        };
        cargo.current_dir(workspace.join("guest")).args(["build", "--release", "--locked", "--target", TARGET]);
        cargo.env("CARGO_TARGET_DIR", output.join("build")).env("RUSTFLAGS", rust_flags(workspace)).env("CONST_RANDOM_SEED", "picloud");
        // What the outer cargo told this process is not meant for the inner one.
        for name in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN", "RUSTC_WRAPPER", "CARGO_ENCODED_RUSTFLAGS"] {
            cargo.env_remove(name);
        }
        if let Self::Debian { .. } = self {
            cargo.env("PATH", "/usr/bin:/bin").env("RUSTC_BOOTSTRAP", "1").env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", DEBIAN_LINKER);
            cargo.args(["-Z", "build-std=std,panic_abort"]);
        }
        let status = cargo.status().context("starting cargo for the guest")?;
        if !status.success() {
            bail!("the guest did not build ({status}); its messages are above");
        }
        let path = output.join("build").join(TARGET).join("release/guest.wasm");
        fs::read(&path).with_context(|| format!("reading {}", path.display()))
    }
}

/// Paths of this machine are kept out of the bytes, so that they are the same everywhere.
fn rust_flags(workspace: &Path) -> String {
    let home = std::env::var_os("CARGO_HOME")
        .map_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cargo"), PathBuf::from);
    format!(
        "-C link-arg=-zstack-size={STACK_BYTES} --remap-path-prefix={}=picloud --remap-path-prefix={}=cargo",
        workspace.display(),
        home.display()
    )
}

/// A reader sees the old file or the new one, never a part.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::create_dir_all(path.parent().context("a file has a directory")?)?;
    let partial = path.with_extension("partial");
    fs::write(&partial, bytes)?;
    fs::rename(&partial, path)?;
    Ok(())
}

fn output_of(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("running {command:?}"))?;
    ensure!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
