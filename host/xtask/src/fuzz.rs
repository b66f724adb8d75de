//! `cargo xtask fuzz`: each fuzz target for a while, by cargo-fuzz with a nightly compiler. Not a part of `test`, which replays on any compiler what
//! fuzzing has kept (`host/oracles`).

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{guest, shell};

/// The tool, and its version.
const TOOL: &str = "cargo-fuzz";
const TOOL_VERSION: &str = "0.13.2";
/// For each target, unless `FUZZ_SECONDS` says otherwise.
const SECONDS: u64 = 60;
/// Longest input, unless a target's is another.
const INPUT_BYTES_MAX: usize = 1_024;
const INPUTS_BYTES_MAX: [(&str, usize); 4] = [("rhai_script", 4_096), ("rhai_diff", 2_048), ("abi_guest", 2_048), ("pool_reuse", 64)];
/// One input may take so long: on a busy machine, with the address sanitizer, which makes all of it some times slower.
const INPUT_SECONDS_MAX: u32 = 120;
const MEMORY_MIB_MAX: u32 = 4_096;
/// Scripts that are there already: the language's own, and a file with many.
const SCRIPTS: &str = "host/executor/tests/language/scripts";
const PROGRAMS: [&str; 2] = ["host/executor/tests/language/rhai-tests.txt", "host/executor/tests/language/ours.txt"];

/// What a target came to.
#[derive(Debug, Default, PartialEq)]
struct Figures {
    executions: u64,
    /// Edges, and features (edges with how often, compared values).
    coverage: u64,
    features: u64,
    corpus: u64,
    findings: Vec<PathBuf>,
    /// It ended by itself, and no input is to blame.
    has_failed: bool,
}

/// Runs the targets that are named, or all.
pub(crate) fn run(workspace: &Path, wanted: &[String]) -> Result<()> {
    let seconds = match std::env::var("FUZZ_SECONDS") {
        Ok(text) => text.parse().with_context(|| format!("FUZZ_SECONDS is `{text}`: a whole number of seconds is needed, like 60"))?,
        Err(_) => SECONDS,
    };
    let targets = targets(workspace)?;
    if let Some(unknown) = wanted.iter().find(|name| !targets.contains(name)) {
        bail!("there is no fuzz target `{unknown}`: there are {}", targets.join(", "));
    }
    prepare(workspace)?;
    guest::build(workspace)?;
    shell::run(tool(workspace).args(["build", "--fuzz-dir", "fuzz", "--target-dir"]).arg(home(workspace)))?;
    let seeds = seeds(workspace)?;
    let mut table = BTreeMap::new();
    for target in targets.iter().filter(|target| wanted.is_empty() || wanted.contains(target)) {
        eprintln!("--> {target}, {seconds} s");
        table.insert(target.as_str(), fuzz(workspace, target, seconds, &seeds)?);
    }
    show(&table);
    let logs = home(workspace).join("logs");
    let failed: Vec<&str> = table.iter().filter(|(_, figures)| figures.has_failed).map(|(target, _)| *target).collect();
    let findings: Vec<&PathBuf> = table.values().flat_map(|figures| &figures.findings).collect();
    if findings.is_empty() {
        ensure!(
            failed.is_empty(),
            "these targets ended by themselves, without an input that is to blame: {}; see {}",
            failed.join(", "),
            logs.display()
        );
        return Ok(());
    }
    let list: Vec<String> = findings.iter().map(|finding| format!("  {}", finding.display())).collect();
    bail!(
        "{} inputs for which something does not hold:\n{}\nWhat it is stands in {}. Put such an input into fuzz/regressions/<target>/ and run \
         `cargo nextest run --workspace --locked -E 'package(oracles)'`: it fails until the defect is mended, and stays there for good.",
        findings.len(),
        list.join("\n"),
        logs.display()
    )
}

/// Everything that fuzzing makes.
fn home(workspace: &Path) -> PathBuf {
    shell::target(workspace).join("fuzz")
}

/// Names of the targets, by their files.
fn targets(workspace: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(workspace.join("fuzz/fuzz_targets")).context("reading fuzz/fuzz_targets")? {
        names.extend(entry?.path().file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// Compiler and tool. The tool is installed into the target directory, the compiler by whoever owns the machine.
fn prepare(workspace: &Path) -> Result<()> {
    let nightly = Command::new("rustup").args(["run", "nightly", "rustc", "--version"]).output();
    ensure!(
        nightly.is_ok_and(|output| output.status.success()),
        "fuzzing needs a nightly compiler beside the one of this project, since sanitizers are not in others: rustup toolchain install nightly"
    );
    ensure!(shell::has("c++"), "fuzzing needs a C++ compiler, for libFuzzer: install g++ (on Debian, as root: apt-get install g++)");
    let root = shell::target(workspace).join("tools");
    let installed = Command::new(root.join("bin").join(TOOL)).args(["fuzz", "--version"]).output();
    if installed.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(TOOL_VERSION)) {
        return Ok(());
    }
    let mut install = shell::cargo(workspace);
    install.args(["install", TOOL, "--version", TOOL_VERSION, "--locked", "--root"]).arg(root);
    shell::run(install.arg("--target-dir").arg(shell::target(workspace).join("tools/build")))
}

/// `cargo fuzz`, with the nightly compiler: what the outer cargo said of its own is not meant for it.
fn tool(workspace: &Path) -> Command {
    let mut command = Command::new(shell::target(workspace).join("tools/bin").join(TOOL));
    command.current_dir(workspace).arg("fuzz");
    shell::forget_package(&mut command);
    for name in ["CARGO", "RUSTC", "RUSTC_WRAPPER", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_TARGET_DIR"] {
        command.env_remove(name);
    }
    command.env("RUSTUP_TOOLCHAIN", "nightly").env("SQLX_OFFLINE", "true");
    command
}

/// The programs of the language, one a file: in the target directory, since they are in the project once already.
fn seeds(workspace: &Path) -> Result<PathBuf> {
    let seeds = home(workspace).join("seeds");
    fs::create_dir_all(&seeds)?;
    for (file, path) in PROGRAMS.iter().enumerate() {
        let text = fs::read_to_string(workspace.join(path)).with_context(|| format!("reading {path}"))?;
        let programs = text.split("---- ").skip(1).filter_map(|part| part.split_once('\n'));
        for (number, (_, program)) in programs.enumerate() {
            fs::write(seeds.join(format!("{file}-{number:04}")), program.trim_end())?;
        }
    }
    Ok(seeds)
}

/// Runs one target, as cargo-fuzz does. A finding ends it, and is no error here.
fn fuzz(workspace: &Path, target: &str, seconds: u64, seeds: &Path) -> Result<Figures> {
    let home = home(workspace);
    let (corpus, artifacts, logs) = (home.join("corpus").join(target), home.join("artifacts").join(target), home.join("logs"));
    for folder in [&corpus, &artifacts, &logs] {
        fs::create_dir_all(folder)?;
    }
    let before = files(&artifacts)?;
    let log = logs.join(format!("{target}.log"));
    // What was built, and not `cargo fuzz run`, which would build again what was changed meanwhile.
    let program = home.join(format!("{}-unknown-linux-gnu/release/{target}", std::env::consts::ARCH));
    let mut command = Command::new(program);
    command.current_dir(workspace).env("ASAN_OPTIONS", "detect_odr_violation=0").arg(&corpus);
    let is_of_scripts = target.starts_with("rhai");
    let given = [workspace.join("fuzz/corpus").join(target), workspace.join("fuzz/regressions").join(target)];
    let scripts = [seeds.to_owned(), workspace.join(SCRIPTS)];
    command.args(given.iter().chain(scripts.iter().filter(|_| is_of_scripts)).filter(|folder| folder.is_dir()));
    let bytes_max = INPUTS_BYTES_MAX.iter().find(|(name, _)| *name == target).map_or(INPUT_BYTES_MAX, |(_, bytes)| *bytes);
    command.args([&format!("-max_total_time={seconds}"), &format!("-max_len={bytes_max}"), "-print_final_stats=1"]);
    command.args([format!("-timeout={INPUT_SECONDS_MAX}"), format!("-rss_limit_mb={MEMORY_MIB_MAX}")]);
    // Looked for at the end only: the search after an input takes some times as long as the input.
    command.args([&format!("-artifact_prefix={}/", artifacts.display()), "-detect_leaks=0"]);
    let words =
        workspace.join("fuzz/dictionaries").join(if is_of_scripts { "rhai_keywords.dict".to_owned() } else { format!("{target}.dict") });
    if words.is_file() {
        command.arg(format!("-dict={}", words.display()));
    }
    let file = File::create(&log).with_context(|| format!("writing {}", log.display()))?;
    let status = command.stdout(Stdio::null()).stderr(file).status().with_context(|| format!("starting {target}"))?;
    let mut figures = figures(&String::from_utf8_lossy(&fs::read(&log)?));
    figures.findings = files(&artifacts)?.into_iter().filter(|file| !before.contains(file)).collect();
    figures.has_failed = !status.success() && figures.findings.is_empty();
    Ok(figures)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}

/// What libFuzzer said last.
fn figures(log: &str) -> Figures {
    let number = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0);
    let last = |name: &str| log.rsplit_once(name).map_or(0, |(_, rest)| number(rest.trim_start()));
    let by_count = || log.lines().rev().find_map(|line| line.strip_prefix('#')).map_or(0, number);
    let executions = last("stat::number_of_executed_units:");
    Figures {
        executions: if executions == 0 { by_count() } else { executions },
        coverage: last(" cov: "),
        features: last(" ft: "),
        corpus: last(" corp: "),
        findings: Vec::new(),
        has_failed: false,
    }
}

fn show(table: &BTreeMap<&str, Figures>) {
    eprintln!("{:18} {:>12} {:>8} {:>8} {:>8} {:>9}", "target", "executions", "edges", "features", "corpus", "findings");
    for (target, Figures { executions, coverage, features, corpus, findings, has_failed }) in table {
        let found = if *has_failed { "failed".to_owned() } else { findings.len().to_string() };
        eprintln!("{target:18} {executions:>12} {coverage:>8} {features:>8} {corpus:>8} {found:>9}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_the_last_that_were_said() {
        let log = "INFO: seed corpus\n#2\tINITED cov: 10 ft: 11 corp: 1/1b exec/s: 0 rss: 50Mb\n\
                   #512\tNEW    cov: 300 ft: 421 corp: 12/90b lim: 4 exec/s: 0 rss: 51Mb\nDone 600 runs in 2 second(s)\n\
                   stat::number_of_executed_units: 600\nstat::peak_rss_mb: 51\n";
        let expected = Figures { executions: 600, coverage: 300, features: 421, corpus: 12, ..Figures::default() };
        assert_eq!(figures(log), expected);
        // One that ended with a finding.
        let cut = log.split("Done").next().unwrap_or_default();
        assert_eq!(figures(cut).executions, 512);
        assert_eq!(figures(""), Figures::default());
    }
}
