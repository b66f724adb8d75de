//! Makes one table of all files that `cargo xtask dashboard` built.
#![expect(clippy::disallowed_methods, reason = "a build script reads its environment and its inputs")]

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

fn main() -> Result<(), Box<dyn Error>> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/dashboard/build");
    println!("cargo::rerun-if-changed={}", built.display());
    if !built.join("index.html").exists() {
        println!("cargo::error=the dashboard is not built yet: run `cargo xtask dashboard` first (`make` does it by itself)");
        return Ok(());
    }
    let mut files = Vec::new();
    collect(&built, &mut files)?;
    files.sort();
    let mut table = String::from("&[\n");
    // Beside each file lie its compressed forms.
    for file in files.iter().filter(|file| !is_compressed(file)) {
        let path = file.strip_prefix(&built)?.to_string_lossy().replace('\\', "/");
        let digest: String = Sha256::digest(fs::read(file)?).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let include = |file: &Path| format!("include_bytes!({:?})", file.display().to_string());
        let [gzip, brotli] = ["gz", "br"].map(|ending| {
            let compressed = PathBuf::from(format!("{}.{ending}", file.display()));
            if compressed.exists() { format!("Some({})", include(&compressed)) } else { "None".to_owned() }
        });
        let plain = include(file);
        writeln!(table, "PageFile {{ path: {path:?}, digest: {digest:?}, plain: {plain}, gzip: {gzip}, brotli: {brotli} }},")?;
    }
    table.push_str("]\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("files.rs"), table)?;
    Ok(())
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() { collect(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

fn is_compressed(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ending == "gz" || ending == "br")
}
