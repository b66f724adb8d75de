//! The walls between crates: what must be impossible is absent from a manifest.

use super::source::Source;

/// A dependency, and the only crates of the host that may have it.
const DEPENDENCIES: &[(&str, &[&str])] = &[
    ("sqlx", &["store"]),
    ("wasmtime", &["executor", "bench"]),
    ("wasmtime-wasi", &["executor"]),
    ("wasmtime-wizer", &["executor"]),
    ("cap-std", &["blobs"]),
    ("blobs", &["store", "picloud", "oracles"]),
    ("executor", &["picloud", "bench", "oracles"]),
    ("axum", &["manager", "picloud", "bench"]),
    ("utoipa-axum", &["manager", "picloud"]),
    // Both hold the sandbox against it.
    ("rhai", &["bench", "oracles"]),
    ("store", &["orchestrator", "manager", "picloud", "bench", "oracles"]),
    ("orchestrator", &["picloud", "bench", "oracles"]),
    // The files of the dashboard are of a type of its own.
    ("manager", &["dashboard", "picloud", "bench", "oracles"]),
    ("postgres", &["picloud", "xtask", "bench"]),
    ("cli", &["picloud"]),
    // Nothing of the program may need what tests it.
    ("oracles", &[]),
];

/// A path in code, and the only crates that may name it.
const PATHS: &[(&str, &[&str])] = &[
    (concat!("sq", "lx::"), &["store"]),
    (concat!("wasm", "time::"), &["executor", "bench"]),
    (concat!("ax", "um::"), &["manager", "picloud", "bench"]),
];

/// Dependencies in manifests, also for tests: what a test needs of another crate comes through that crate.
pub(crate) fn dependencies(sources: &[Source]) -> Vec<String> {
    let mut breaches = Vec::new();
    for source in sources.iter().filter(|source| source.path.ends_with("/Cargo.toml")) {
        let Some(krate) = source.krate() else { continue };
        let Ok(manifest) = source.text.parse::<toml::Table>() else {
            breaches.push(format!("{}:1: not TOML", source.path));
            continue;
        };
        let sections = ["dependencies", "dev-dependencies", "build-dependencies"];
        let tables = sections.iter().filter_map(|section| manifest.get(*section)?.as_table());
        for name in tables.flat_map(toml::Table::keys) {
            if let Some((_, allowed)) = DEPENDENCIES.iter().find(|(dependency, _)| dependency == name)
                && !allowed.contains(&krate)
            {
                breaches.push(format!("{}:1: `{krate}` must not depend on `{name}`; only these may: {}", source.path, allowed.join(", ")));
            }
        }
    }
    breaches
}

/// Paths in code. Comments may name them.
pub(crate) fn paths(sources: &[Source]) -> Vec<String> {
    let mut breaches = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        let Some(krate) = source.krate() else { continue };
        for (path, allowed) in PATHS.iter().filter(|(_, allowed)| !allowed.contains(&krate)) {
            let hits = source.lines().filter(|(_, line)| !line.trim_start().starts_with("//") && names(line, path));
            breaches.extend(hits.map(|(number, _)| format!("{}:{number}: `{path}` belongs into {}", source.path, allowed.join(", "))));
        }
    }
    breaches
}

/// Whether the line names the path itself, not one whose name ends alike.
fn names(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| !line[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forbidden_dependency_is_named() {
        let manifest = "[dependencies]\nsqlx.workspace = true\nserde.workspace = true\n";
        assert_eq!(dependencies(&[Source::new("host/manager/Cargo.toml", manifest)]).len(), 1);
        assert_eq!(dependencies(&[Source::new("host/store/Cargo.toml", manifest)]), Vec::<String>::new());
    }

    #[test]
    fn a_forbidden_path_is_found_in_code_only() {
        let code = concat!("// sq", "lx::query\nlet my_sq", "lx::a;\nsq", "lx::query();\n");
        let found = paths(&[Source::new("host/manager/src/a.rs", code)]);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("host/manager/src/a.rs:3:"));
    }
}
