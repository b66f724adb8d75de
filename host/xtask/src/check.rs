//! `cargo xtask check`: what can be said about the code without running it.

use std::path::Path;

use anyhow::Result;

use crate::{dashboard, shell, tidy};

/// Format, lints as errors, tidy, and the documentation with its links.
pub(crate) fn run(workspace: &Path) -> Result<()> {
    shell::run(shell::cargo(workspace).args(["fmt", "--all", "--check"]))?;
    for apart in ["guest/Cargo.toml", "fuzz/Cargo.toml", "host/bench/peers/wasi-http/Cargo.toml"] {
        shell::run(shell::cargo(workspace).args(["fmt", "--manifest-path", apart, "--check"]))?;
    }
    tidy::run(workspace)?;
    dashboard::check(workspace)?;
    shell::run(shell::cargo(workspace).args(["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"]))?;
    let mut doc = shell::cargo(workspace);
    doc.env("RUSTDOCFLAGS", "--deny warnings").args(["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"]);
    shell::run(&mut doc)
}
