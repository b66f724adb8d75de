//! The machine: disk, limits, kernel.

use std::{fs, os::unix::fs::PermissionsExt as _};

use rustix::{
    fs::{Mode, OFlags, ResolveFlags, openat2, statvfs},
    process::{Resource, geteuid, getrlimit},
    system::uname,
};

use super::Finding;
use crate::config::Config;

/// Below it the next deployment, file or row may find no room.
const FREE_BYTES_MIN: u64 = 256 << 20;
/// Below it is a good time to do something.
const FREE_BYTES_LOW: u64 = 2 << 30;
/// All connections that may be open, those of executions to other servers, and the database's.
const DESCRIPTORS: u64 = 24_000;
/// Linux that can say which pages were written.
const PAGE_SCAN_SINCE: (u32, u32) = (6, 7);

pub(super) fn data_directory(config: &Config) -> Vec<Finding> {
    const CHECK: &str = "data_directory";
    let path = &config.data_dir;
    let shown = path.display();
    let mode = match fs::metadata(path) {
        Ok(data) if data.is_dir() => data.permissions().mode() & 0o777,
        Ok(_) => {
            let why = "everything that PiCloud keeps lies in this directory";
            return vec![Finding::error(
                CHECK,
                format!("{shown} is no directory"),
                why,
                "move what is there, or name another place (data_dir)",
            )];
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let todo = "start `picloud serve`, which makes it, or name the right place (data_dir)";
            return vec![Finding::warning(CHECK, format!("there is no {shown}"), "nothing was ever kept here", todo)];
        }
        Err(error) => {
            let todo = "run this as the user that PiCloud runs as";
            return vec![Finding::error(CHECK, format!("{shown} can't be looked at: {error}"), "PiCloud needs it", todo)];
        }
    };
    // As root, PostgreSQL's own user passes through.
    let allowed = if geteuid().is_root() { 0o711 } else { 0o700 };
    let modes = if mode & !allowed == 0 {
        Finding::ok(CHECK, format!("{shown} is closed to others (mode {mode:03o})"))
    } else {
        let why = "others on this machine can look at names and times of what is kept, or put something beside it";
        Finding::warning(CHECK, format!("{shown} is open to others (mode {mode:03o})"), why, format!("chmod {allowed:o} {shown}"))
    };
    vec![modes, free_space(config)]
}

fn free_space(config: &Config) -> Finding {
    const CHECK: &str = "free_space";
    let shown = config.data_dir.display();
    let Ok(disk) = statvfs(&config.data_dir) else {
        return Finding::warning(
            CHECK,
            format!("the disk of {shown} does not say how full it is"),
            "a full disk stops all that writes",
            "look with df",
        );
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let what = format!("{} MB are free for {shown}", free >> 20);
    let why = "on a full disk PostgreSQL stops, and all that writes with it; apps that write nothing go on";
    let todo = "make room or enlarge the disk; retention_mb and retention_days bound what executions and logs take";
    match free {
        ..FREE_BYTES_MIN => Finding::error(CHECK, what, why, todo),
        FREE_BYTES_MIN..FREE_BYTES_LOW => Finding::warning(CHECK, what, why, todo),
        _ => Finding::ok(CHECK, what),
    }
}

pub(super) fn descriptors() -> Finding {
    const CHECK: &str = "open_files";
    // The server takes all that it is allowed.
    let limit = getrlimit(Resource::Nofile).maximum;
    match limit {
        Some(limit) if limit < DESCRIPTORS => Finding::warning(
            CHECK,
            format!("this user may open {limit} files here"),
            "each connection takes one; PiCloud then keeps fewer open at once, however idle the machine is",
            format!(
                "LimitNOFILE={DESCRIPTORS} in the unit, or ulimit -Hn {DESCRIPTORS}; what counts is the limit of the server's own process"
            ),
        ),
        limit => Finding::ok(
            CHECK,
            format!("this user may open {} files here", limit.map_or_else(|| "any number of".to_owned(), |limit| limit.to_string())),
        ),
    }
}

pub(super) fn page_scan() -> Finding {
    const CHECK: &str = "kernel_page_scan";
    let uname = uname();
    let release = uname.release().to_string_lossy();
    let why =
        "without it (PAGEMAP_SCAN) a used sandbox is cleaned as a whole and not page by page: each execution takes some microseconds more";
    match version(&release) {
        Some(version) if version >= PAGE_SCAN_SINCE => Finding::ok(CHECK, format!("Linux {release} tells which pages were written")),
        Some(_) => Finding::warning(
            CHECK,
            format!("Linux {release} does not tell which pages were written"),
            why,
            "nothing must be done; Linux 6.7 and newer do",
        ),
        None => Finding::warning(CHECK, format!("the kernel calls itself {release}"), why, "nothing must be done"),
    }
}

/// The first two numbers of `6.12.9-amd64`.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|letter: char| !letter.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

pub(super) fn path_lookups(config: &Config) -> Finding {
    const CHECK: &str = "kernel_openat2";
    let opened = fs::File::open(if config.data_dir.is_dir() { config.data_dir.as_path() } else { "/".as_ref() }).and_then(|directory| {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(openat2(&directory, ".", flags, Mode::empty(), ResolveFlags::BENEATH)?)
    });
    match opened {
        Ok(_) => Finding::ok(CHECK, "the kernel keeps paths below a directory (openat2)"),
        Err(error) => Finding::error(
            CHECK,
            format!("the system call openat2 does not work: {error}"),
            "files and assets of apps are kept with it; without it everything works but these",
            "Linux 5.6 or newer, and a container or seccomp filter that lets openat2 through",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_of_kernels() {
        assert_eq!(version("6.12.9-amd64"), Some((6, 12)));
        assert_eq!(version("5.4.0"), Some((5, 4)));
        assert_eq!((version("6"), version("minix")), (None, None));
    }
}
