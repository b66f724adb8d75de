//! What the kernel says of a process: processor time, memory, children.

use std::{fs, time::Duration};

use anyhow::{Context, Result};

/// Processor time of all threads of a process, to the nanosecond. Threads that ended are not in it.
pub(crate) fn cpu_time(pid: u32) -> Result<Duration> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).with_context(|| format!("process {pid} is gone"))?;
    let nanoseconds = threads.flatten().filter_map(|thread| {
        // Time on a processor, time waiting for one, turns.
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Ok(Duration::from_nanos(nanoseconds.sum()))
}

/// That of the processes that a process started, and theirs. Those that ended are not in it.
pub(crate) fn cpu_time_of_descendants(pid: u32) -> Result<Duration> {
    descendants(pid).into_iter().map(cpu_time).sum()
}

/// Resident bytes, pages shared with others counted whole.
pub(crate) fn resident_bytes(pid: u32) -> Result<u64> {
    kib(&format!("/proc/{pid}/status"), "VmRSS:")
}

/// Resident bytes, pages shared with others counted in part: what processes of one server can be added up by.
pub(crate) fn proportional_bytes(pid: u32) -> Result<u64> {
    kib(&format!("/proc/{pid}/smaps_rollup"), "Pss:")
}

/// The processes that a process started, and theirs.
pub(crate) fn descendants(pid: u32) -> Vec<u32> {
    let mut found = Vec::new();
    let mut parents = vec![pid];
    let all: Vec<u32> =
        fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    while let Some(parent) = parents.pop() {
        let children = all
            .iter()
            .copied()
            .filter(|child| stat(*child).is_ok_and(|fields| fields.get(1).is_some_and(|field| *field == parent.to_string())));
        for child in children.collect::<Vec<_>>() {
            found.push(child);
            parents.push(child);
        }
    }
    found
}

/// The fields of `/proc/<pid>/stat` after the name, which may hold blanks: 0 is the state, 1 the parent.
fn stat(pid: u32) -> Result<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("process {pid} is gone"))?;
    let (_, fields) = text.rsplit_once(") ").with_context(|| format!("process {pid} has no name"))?;
    Ok(fields.split(' ').map(str::to_owned).collect())
}

fn kib(path: &str, name: &str) -> Result<u64> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {path}"))?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    Ok(value.with_context(|| format!("{path} has no {name}"))? * 1024)
}
