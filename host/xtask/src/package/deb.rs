//! The Debian package: a tree of files, put together by hand, and `dpkg-deb`.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{dashboard, dist, guest, shell};

/// Which program is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    /// For users.
    Release,
    /// What is there already: for tests of the package.
    Dev,
    /// The same once more as the version after it, with another file of settings: for tests of the upgrade.
    Next,
}

impl Program {
    /// Of the package; Debian takes what has a `+` for the newer.
    fn version(self) -> String {
        format!("{}{}", env!("CARGO_PKG_VERSION"), if self == Self::Next { "+next" } else { "" })
    }
}

/// Files of the repository and where they go.
const FILES: &[(&str, &str)] = &[
    ("packaging/picloud.service", "usr/lib/systemd/system/picloud.service"),
    ("packaging/picloud.toml", "etc/picloud/picloud.toml"),
    ("caddy/Caddyfile", "usr/share/picloud/Caddyfile"),
    ("docs/operate/install.md", "usr/share/doc/picloud/install.md"),
    ("docs/operate/configure.md", "usr/share/doc/picloud/configure.md"),
    ("docs/operate/domains-and-tls.md", "usr/share/doc/picloud/domains-and-tls.md"),
    ("docs/operate/back-up.md", "usr/share/doc/picloud/back-up.md"),
    ("docs/operate/incidents.md", "usr/share/doc/picloud/incidents.md"),
    ("docs/operate/upgrade.md", "usr/share/doc/picloud/upgrade.md"),
];
/// Run by dpkg.
const SCRIPTS: &[&str] = &["preinst", "postinst", "prerm", "postrm"];
/// What the licences are called in Debian's machine-readable form.
const COPYRIGHT: &str = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n\
                         Files: *\nCopyright: The PiCloud contributors\nLicense: Expat or Apache-2.0\n";

/// Builds `target/dist/picloud_<version>_<architecture>.deb` and returns its path. Those with the development program are beside the
/// others that only tests look at.
pub(crate) fn build(workspace: &Path, program: Program) -> Result<PathBuf> {
    let target = shell::target(workspace);
    let (binary, out) = match program {
        Program::Release => {
            guest::build(workspace)?;
            dashboard::build(workspace)?;
            (dist::program(workspace)?, target.join("dist"))
        }
        Program::Dev | Program::Next => (target.join("debug/picloud"), target.join("package")),
    };
    let architecture = architecture()?;
    let tree = out.join("deb");
    if tree.exists() {
        fs::remove_dir_all(&tree).with_context(|| format!("removing {}", tree.display()))?;
    }
    assemble(workspace, &tree, &binary)?;
    if program == Program::Next {
        let settings = tree.join("etc/picloud/picloud.toml");
        let text = fs::read_to_string(&settings).context("reading the settings of the package")?;
        write(&settings, &format!("{text}\n# What a later version says of them.\n"), 0o644)?;
    }
    control(workspace, &tree, &program.version(), &architecture)?;
    let package = out.join(format!("picloud_{}_{architecture}.deb", program.version()));
    let mut pack = Command::new("dpkg-deb");
    // Packing well takes half a minute.
    pack.arg(if program == Program::Release { "-Zxz" } else { "-Znone" }).args(["--root-owner-group", "--build"]);
    shell::run(pack.arg(&tree).arg(&package))?;
    eprintln!("{}", package.display());
    Ok(package)
}

fn assemble(workspace: &Path, tree: &Path, binary: &Path) -> Result<()> {
    let installed = tree.join("usr/bin/picloud");
    copy(binary, &installed, 0o755)?;
    shell::run(Command::new("strip").arg("--strip-unneeded").arg(&installed))?;
    for (from, to) in FILES {
        copy(&workspace.join(from), &tree.join(to), 0o644)?;
    }
    let mut copyright = COPYRIGHT.to_owned();
    for (name, file) in [("Expat", "LICENSE-MIT"), ("Apache-2.0", "LICENSE-APACHE")] {
        let text = fs::read_to_string(workspace.join(file)).with_context(|| format!("reading {file}"))?;
        copyright.push_str(&format!("\nLicense: {name}\n"));
        // An empty line would end the paragraph.
        copyright.extend(text.lines().map(|line| if line.trim().is_empty() { " .\n".to_owned() } else { format!(" {line}\n") }));
    }
    write(&tree.join("usr/share/doc/picloud/copyright"), &copyright, 0o644)
}

/// What dpkg reads and runs.
fn control(workspace: &Path, tree: &Path, version: &str, architecture: &str) -> Result<()> {
    let ours = workspace.join("packaging/debian");
    let template = fs::read_to_string(ours.join("control")).context("reading packaging/debian/control")?;
    let kibibytes = size(tree)?.div_ceil(1024).to_string();
    let filled = template.replace("@VERSION@", version).replace("@ARCHITECTURE@", architecture);
    write(&tree.join("DEBIAN/control"), &filled.replace("@KIBIBYTES@", &kibibytes), 0o644)?;
    copy(&ours.join("conffiles"), &tree.join("DEBIAN/conffiles"), 0o644)?;
    for script in SCRIPTS {
        copy(&ours.join(script), &tree.join("DEBIAN").join(script), 0o755)?;
    }
    Ok(())
}

/// Debian's name for this machine's kind.
fn architecture() -> Result<String> {
    let output = Command::new("dpkg-deb").arg("--version").output().context("starting dpkg-deb; install dpkg (it packs on any Linux)")?;
    anyhow::ensure!(output.status.success(), "dpkg-deb does not work ({})", output.status);
    let name = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => anyhow::bail!("there is no package for {other}; only for x86_64 and aarch64"),
    };
    Ok(name.to_owned())
}

fn size(tree: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(tree).with_context(|| format!("reading {}", tree.display()))? {
        let (metadata, path) = entry.and_then(|entry| Ok((entry.metadata()?, entry.path())))?;
        bytes += if metadata.is_dir() { size(&path)? } else { metadata.len() };
    }
    Ok(bytes)
}

fn copy(from: &Path, to: &Path, mode: u32) -> Result<()> {
    make_parent(to)?;
    fs::copy(from, to).with_context(|| format!("copying {} to {}", from.display(), to.display()))?;
    set_mode(to, mode)
}

fn write(path: &Path, text: &str, mode: u32) -> Result<()> {
    make_parent(path)?;
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
    set_mode(path, mode)
}

/// Directories that everybody can enter, whatever the caller's umask is.
fn make_parent(path: &Path) -> Result<()> {
    let mut missing: Vec<&Path> = path.ancestors().skip(1).take_while(|directory| !directory.exists()).collect();
    while let Some(directory) = missing.pop() {
        fs::create_dir(directory).with_context(|| format!("making {}", directory.display()))?;
        set_mode(directory, 0o755)?;
    }
    Ok(())
}

fn set_mode(path: &Path, mode: u32) -> Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).with_context(|| format!("setting the mode of {}", path.display()))
}
