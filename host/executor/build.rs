//! Finds the guest component that `cargo xtask guest` made.

use std::path::Path;

fn main() {
    let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/guest/guest.wasm");
    println!("cargo::rerun-if-changed={}", guest.display());
    if !guest.exists() {
        println!("cargo::error=the guest is not built yet: run `cargo xtask guest` first (`make` does it by itself)");
        return;
    }
    println!("cargo::rustc-env=PICLOUD_GUEST={}", guest.display());
}
