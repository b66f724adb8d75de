//! A Debian 12 in a directory, in which packages are installed and programs run without touching this machine.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use anyhow::{Context as _, Result};

use crate::shell;

/// The release that packages are made for.
const RELEASE: &str = "bookworm";
/// What its tests need beside the smallest system. Not PostgreSQL: the package has to bring it.
const PACKAGES: &str = "adduser,ca-certificates,curl,init-system-helpers,iproute2,systemd";
/// Runs in a fresh mount namespace: what a running system has mounted, and what is wanted.
const ENTER: &str = "mount -t proc proc /proc && mount -t tmpfs shm /dev/shm && mount -t tmpfs run /run && { test $1 = shared || ip link set lo up; } && shift && exec \"$@\"";

/// Runs the lines once the system is up, and shuts it down: their output and status are left in files.
const CHECK: &str = "[Unit]
After=picloud.service

[Service]
Type=oneshot
TimeoutStartSec=180
ExecStart=/bin/sh -eux /srv/check.sh
StandardOutput=file:/srv/told
StandardError=file:/srv/told
ExecStopPost=/bin/sh -c 'echo $EXIT_CODE $EXIT_STATUS >/srv/status; systemctl --no-block poweroff'

[Install]
WantedBy=multi-user.target
";
/// Longest that a system may be up.
const BOOTED_SECONDS_MAX: &str = "300";

/// What network a program has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    /// This machine's: to install from the registries.
    Shared,
    /// One of its own with nobody else in it, so that every port is free.
    None,
}

/// The system as it is installed, once: tests work on copies.
#[derive(Debug)]
pub(crate) struct Base {
    directory: PathBuf,
}

impl Base {
    /// Makes it if it is not there. Takes a minute, and needs to be root (or sudo).
    pub(crate) fn prepare(workspace: &Path) -> Result<Self> {
        let directory = shell::target(workspace).join(format!("package/{RELEASE}"));
        // Written last: what was interrupted is made anew.
        let stamp = directory.with_extension("packages");
        if fs::read_to_string(&stamp).is_ok_and(|packages| packages == PACKAGES) {
            return Ok(Self { directory });
        }
        remove(&directory)?;
        let parent = directory.parent().context("the target directory has a parent")?;
        fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
        let mut debootstrap = shell::as_root("debootstrap");
        debootstrap.args(["--variant=minbase", "--include", PACKAGES, RELEASE]).arg(&directory);
        shell::run(&mut debootstrap)?;
        fs::write(&stamp, PACKAGES).with_context(|| format!("writing {}", stamp.display()))?;
        Ok(Self { directory })
    }

    /// A fresh copy with a name of its own, in place of an earlier one.
    pub(crate) fn copy(&self, name: &str) -> Result<Debian> {
        let directory = self.directory.with_file_name(name);
        remove(&directory)?;
        let mut copy = shell::as_root("cp");
        shell::run(copy.args(["--archive", "--reflink=auto"]).arg(&self.directory).arg(&directory))?;
        Ok(Debian { directory })
    }
}

/// A system that may be changed. It goes when the value does.
#[derive(Debug)]
pub(crate) struct Debian {
    directory: PathBuf,
}

impl Debian {
    /// Puts a file of this machine there.
    pub(crate) fn put(&self, from: &Path, to: &str) -> Result<()> {
        let to = self.directory.join(to.trim_start_matches('/'));
        shell::run(shell::as_root("install").args(["-D", "--mode=0644"]).arg(from).arg(to))
    }

    /// Runs lines of shell, each of which must succeed, and returns what they wrote to standard output.
    pub(crate) fn shell(&self, network: Network, lines: &str) -> Result<String> {
        let output = self.run(network, lines)?;
        anyhow::ensure!(
            output.status.success(),
            "inside of Debian this failed ({}):\n{lines}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Boots the system with its own systemd, network and journal, and runs lines of shell when its services are there.
    pub(crate) fn boot(&self, lines: &str) -> Result<()> {
        eprintln!("--> in Debian, booted: {}", lines.trim().replace('\n', "\n                       "));
        self.write("/srv/check.sh", lines)?;
        self.write("/etc/systemd/system/check.service", CHECK)?;
        self.shell(Network::None, "rm -f /srv/status\nsystemctl enable check.service")?;
        let mut boot = shell::as_root("timeout");
        boot.args(["--kill-after=10", BOOTED_SECONDS_MAX, "systemd-nspawn", "--quiet", "--boot", "--private-network", "--register=no"]);
        boot.args(["--keep-unit", "--machine=picloud-test", "--directory"]).arg(&self.directory).stdin(Stdio::null());
        let output = boot.output().context("starting systemd-nspawn")?;
        let told = self.shell(
            Network::None,
            "cat /srv/status /srv/told\nsystemctl disable check.service\nrm /etc/systemd/system/check.service /srv/check.sh",
        );
        let told = told.with_context(|| format!("it did not boot ({}):\n{}", output.status, String::from_utf8_lossy(&output.stdout)))?;
        anyhow::ensure!(told.starts_with("exited 0\n"), "inside of the booted Debian this failed:\n{lines}\n{told}");
        Ok(())
    }

    fn write(&self, to: &str, text: &str) -> Result<()> {
        let file = self.directory.with_extension("file");
        fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
        self.put(&file, to)
    }

    /// Everything but the network is its own, and what still runs afterwards is killed.
    fn run(&self, network: Network, lines: &str) -> Result<Output> {
        eprintln!("--> in Debian: {}", lines.trim().replace('\n', "\n               "));
        let mut inside = shell::as_root("unshare");
        inside.args(["--mount", "--ipc", "--uts", "--pid", "--fork", "--kill-child", "--root"]).arg(&self.directory);
        let name = match network {
            Network::Shared => "shared",
            Network::None => {
                inside.arg("--net");
                "none"
            }
        };
        inside.args([
            "--wd",
            "/",
            "/usr/bin/env",
            "--ignore-environment",
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME=/",
            "LC_ALL=C.UTF-8",
        ]);
        inside.args(["DEBIAN_FRONTEND=noninteractive", "/bin/sh", "-c", ENTER, "enter", name, "/bin/sh", "-euxc", lines]);
        inside.stdin(Stdio::null()).output().context("starting unshare")
    }
}

impl Drop for Debian {
    fn drop(&mut self) {
        // Of use to nobody; the next one takes its place in any case.
        let _ = remove(&self.directory);
    }
}

fn remove(directory: &Path) -> Result<()> {
    if !directory.exists() {
        return Ok(());
    }
    let mut remove: Command = shell::as_root("rm");
    shell::run(remove.args(["--recursive", "--force", "--one-file-system"]).arg(directory))
}
