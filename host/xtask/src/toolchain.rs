//! The toolchain for WebAssembly: whichever can.
//!
//! The active one builds if it has the target. Otherwise Debian's own does (`rustc-web cargo-web rust-web-src lld-22`):
//! it has no compiled standard library for this target, but its source. The two never share a PATH. Releases use Debian's, so
//! that the same source gives the same bytes everywhere.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";
/// Debian's toolchain, and where its linker is. Named in the error if they are missing.
const DEBIAN_PACKAGES: &str = "rustc-web cargo-web rust-web-src lld-22";
const DEBIAN_LINKER: &str = "/usr/bin/wasm-ld-22";
/// The sandbox's own stack, at the bottom of its memory, so that an overflow traps: see `call_depth` in limits.rs.
const STACK_BYTES: u32 = 512 << 10;

/// A crate that is built for WebAssembly, outside of the workspace of the host.
pub(crate) struct Module {
    /// Of the crate.
    pub(crate) name: &'static str,
    /// Where it is, relative to the workspace.
    pub(crate) folder: &'static str,
    /// What determines its bytes, beside the toolchain. Relative to the workspace.
    pub(crate) inputs: &'static [&'static str],
}

/// What can build for WebAssembly here.
pub(crate) enum Toolchain {
    /// The active one, with `rustup target add` done by its user.
    Active {
        version: String,
    },
    Debian {
        version: String,
    },
}

impl Toolchain {
    pub(crate) fn find() -> Result<Self> {
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

    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Self::Active { .. } => "active toolchain",
            Self::Debian { .. } => "Debian's toolchain",
        }
    }

    pub(crate) fn version(&self) -> &str {
        match self {
            Self::Active { version } | Self::Debian { version } => version,
        }
    }

    /// Returns the bytes of the core module.
    pub(crate) fn compile(&self, workspace: &Path, module: &Module, output: &Path) -> Result<Vec<u8>> {
        let mut cargo = match self {
            Self::Active { .. } => Command::new("cargo"),
            Self::Debian { .. } => Command::new("/usr/bin/cargo"),
        };
        cargo.current_dir(workspace.join(module.folder)).args(["build", "--release", "--locked", "--target", TARGET]);
        cargo.env("CARGO_TARGET_DIR", output.join("build")).env("RUSTFLAGS", rust_flags(workspace)).env("CONST_RANDOM_SEED", "picloud");
        // What the outer cargo told this process is not meant for the inner one.
        for name in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN", "RUSTC_WRAPPER", "CARGO_ENCODED_RUSTFLAGS"] {
            cargo.env_remove(name);
        }
        if let Self::Debian { .. } = self {
            cargo.env("PATH", "/usr/bin:/bin").env("RUSTC_BOOTSTRAP", "1").env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", DEBIAN_LINKER);
            cargo.args(["-Z", "build-std=std,panic_abort"]);
        }
        let status = cargo.status().with_context(|| format!("starting cargo for {}", module.name))?;
        if !status.success() {
            bail!("{} did not build ({status}); its messages are above", module.name);
        }
        let path = output.join("build").join(TARGET).join("release").join(format!("{}.wasm", module.name.replace('-', "_")));
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

fn output_of(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("running {command:?}"))?;
    ensure!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
