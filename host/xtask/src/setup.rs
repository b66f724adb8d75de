//! `cargo xtask setup`: the system packages that are missing, installed where apt is, named elsewhere.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

use crate::shell;

/// What the machine is prepared for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    /// Building and running.
    Building,
    /// That, and testing.
    Testing,
    /// Building, running and measuring.
    Measuring,
}

/// Something that must be there.
struct Need {
    what: &'static str,
    is_there: fn() -> bool,
    /// Debian's packages.
    packages: &'static [&'static str],
    /// The way on other systems.
    elsewhere: &'static str,
}

const BUILDING: &[Need] = &[
    Need {
        what: "PostgreSQL (server and psql)",
        is_there: has_postgres,
        packages: &["postgresql"],
        elsewhere: "Fedora: dnf install postgresql-server; Arch: pacman -S postgresql; macOS: brew install postgresql",
    },
    Need {
        what: "a toolchain for wasm32-unknown-unknown",
        is_there: has_wasm_toolchain,
        packages: &["rustc-web", "cargo-web", "rust-web-src", "lld-22"],
        elsewhere: "rustup target add wasm32-unknown-unknown",
    },
    Need { what: "a C compiler", is_there: || shell::has("cc"), packages: &["gcc", "libc6-dev"], elsewhere: "install gcc or clang" },
    Need { what: "curl", is_there: || shell::has("curl"), packages: &["curl"], elsewhere: "install curl" },
];

const TESTING: &[Need] = &[
    Need {
        what: "Python 3 with venv",
        is_there: has_python,
        packages: &["python3", "python3-venv"],
        elsewhere: "install Python 3.10 or newer, with its modules venv and ensurepip",
    },
    Need {
        what: "Caddy",
        is_there: || shell::has("caddy"),
        packages: &["caddy"],
        elsewhere: "Fedora: dnf install caddy; Arch: pacman -S caddy; macOS: brew install caddy",
    },
    Need {
        what: "Chromium",
        is_there: || shell::has("chromium"),
        packages: &["chromium"],
        elsewhere: "install Chromium, so that `chromium` is in PATH; the browser's tests run it",
    },
    Need {
        what: "what makes and enters a Debian for tests of the package",
        is_there: || ["debootstrap", "dpkg-deb", "strip", "systemd-nspawn", "unshare"].iter().all(|program| has_for_root(program)),
        packages: &["debootstrap", "dpkg", "binutils", "systemd-container", "util-linux"],
        elsewhere: "install debootstrap, dpkg, binutils, systemd-nspawn and util-linux",
    },
];

const MEASURING: &[Need] = &[Need { what: "wrk", is_there: || shell::has("wrk"), packages: &["wrk"], elsewhere: "install wrk" }];

/// Installs what is missing; does nothing, and takes no time, when nothing is.
pub(crate) fn run(purpose: For) -> Result<()> {
    let more: &[Need] = match purpose {
        For::Building => &[],
        For::Testing => TESTING,
        For::Measuring => MEASURING,
    };
    let missing: Vec<&Need> = BUILDING.iter().chain(more).filter(|need| !(need.is_there)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for need in &missing {
        eprintln!("missing: {}", need.what);
    }
    let Some(mut apt) = Apt::find() else {
        let ways: Vec<String> = missing.iter().map(|need| format!("  {}: {}", need.what, need.elsewhere)).collect();
        bail!("these are missing, and this is not a Debian where this program may install packages:\n{}", ways.join("\n"));
    };
    apt.run(&["update"])?;
    let packages: Vec<&str> = missing.iter().flat_map(|need| need.packages).copied().collect();
    let (of_postgres, others): (Vec<&str>, Vec<&str>) = packages.into_iter().partition(|package| *package == "postgresql");
    if !of_postgres.is_empty() {
        install_postgres(&mut apt, &of_postgres)?;
    }
    if others.contains(&"caddy") {
        install_caddy(&mut apt, &others)?;
    } else if !others.is_empty() {
        apt.install(&others)?;
    }
    match missing.iter().find(|need| !(need.is_there)()) {
        Some(need) => bail!("{} is still missing after its packages were installed: {}", need.what, need.packages.join(" ")),
        None => Ok(()),
    }
}

/// Debian's package makes a cluster and starts it when it is installed for the first time. Nobody asked for that one: it is
/// switched off for this installation, and afterwards the setting is as before.
fn install_postgres(apt: &mut Apt, packages: &[&str]) -> Result<()> {
    const SETTINGS: &str = "/etc/postgresql-common/createcluster.conf";
    apt.install(&["postgresql-common"])?;
    let before = fs::read_to_string(SETTINGS).with_context(|| format!("reading {SETTINGS}"))?;
    apt.write(SETTINGS, &format!("{before}\ncreate_main_cluster = false\n"))?;
    let installed = apt.install(packages);
    apt.write(SETTINGS, &before)?;
    installed
}

/// Debian's package starts a server on the ports 80 and 443, now and whenever the machine starts. The tests start their own on others.
fn install_caddy(apt: &mut Apt, packages: &[&str]) -> Result<()> {
    if !Path::new("/run/systemd/system").is_dir() {
        return apt.install(packages);
    }
    let systemctl = |apt: &Apt, action: &str| shell::run(apt.command("systemctl").args(["--quiet", action, "caddy.service"]));
    systemctl(apt, "mask")?;
    let installed = apt.install(packages);
    systemctl(apt, "unmask")?;
    installed?;
    systemctl(apt, "disable")
}

/// apt-get, as root or by sudo.
struct Apt {
    sudo: Option<&'static str>,
}

impl Apt {
    fn find() -> Option<Self> {
        if !shell::has("apt-get") {
            return None;
        }
        if rustix::process::geteuid().is_root() {
            return Some(Self { sudo: None });
        }
        shell::has("sudo").then_some(Self { sudo: Some("sudo") })
    }

    fn install(&mut self, packages: &[&str]) -> Result<()> {
        self.run(&[&["install", "-y", "--no-install-recommends"], packages].concat())
    }

    fn run(&mut self, arguments: &[&str]) -> Result<()> {
        let mut command = self.command("env");
        shell::run(command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]).args(arguments))
    }

    fn write(&mut self, path: &str, text: &str) -> Result<()> {
        use std::io::Write as _;
        let mut child = self.command("tee").arg(path).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().context("starting tee")?;
        child.stdin.take().context("tee has an input")?.write_all(text.as_bytes())?;
        anyhow::ensure!(child.wait()?.success(), "could not write {path}");
        Ok(())
    }

    fn command(&self, program: &str) -> Command {
        match self.sudo {
            None => Command::new(program),
            Some(sudo) => {
                let mut command = Command::new(sudo);
                command.arg(program);
                command
            }
        }
    }
}

/// Debian keeps the server's programs out of PATH.
fn has_postgres() -> bool {
    let packaged =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().any(|version| version.path().join("bin/initdb").is_file());
    (packaged || shell::has("initdb")) && shell::has("psql")
}

/// Some of what root runs is not in the PATH of others.
fn has_for_root(program: &str) -> bool {
    shell::has(program) || ["/usr/sbin", "/sbin"].iter().any(|directory| Path::new(directory).join(program).is_file())
}

/// Debian has Python without what makes an environment.
fn has_python() -> bool {
    let mut python = Command::new("python3");
    python.args(["-c", "import venv, ensurepip"]).stdout(Stdio::null()).stderr(Stdio::null());
    python.status().is_ok_and(|status| status.success())
}

/// The active toolchain has the target, or Debian's own is there: what `guest` looks for.
fn has_wasm_toolchain() -> bool {
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().map(|output| output.stdout).unwrap_or_default();
    let sysroot = String::from_utf8_lossy(&sysroot).trim().to_owned();
    let active = Path::new(&sysroot).join("lib/rustlib/wasm32-unknown-unknown/lib").is_dir();
    active
        || ["/usr/bin/rustc", "/usr/bin/cargo", "/usr/lib/rustlib/src", "/usr/bin/wasm-ld-22"].iter().all(|path| Path::new(path).exists())
}
