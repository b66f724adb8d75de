//! Compiles the crate again when a migration is added: the macro that embeds them sees only those that were there before.

#[expect(clippy::print_stdout, reason = "how a build script speaks to cargo")]
fn main() {
    println!("cargo::rerun-if-changed=../../migrations");
}
