//! The server's configuration files, written at every start.

use std::{fmt::Write as _, fs};

use crate::{
    Durability, Settings,
    error::{FileContext, ServerError},
    place::Place,
    server_user,
};

/// Settings with their reasons. The server is one small program's own, on a small machine, and mostly idle.
const SETTINGS: &[(&str, &str, &str)] = &[
    ("shared_buffers", "64MB", "the operating system's cache does the rest"),
    ("work_mem", "4MB", "queries sort pages of at most some hundred rows"),
    ("maintenance_work_mem", "32MB", "vacuum of small tables"),
    ("max_wal_size", "512MB", "bounds the disk and the time of a recovery"),
    ("min_wal_size", "32MB", "nothing kept for a rush"),
    ("checkpoint_timeout", "15min", "an idle disk may sleep"),
    ("jit", "off", "compiling takes longer than any of these queries"),
    ("huge_pages", "off", "not worth a warning where there are none"),
    ("max_worker_processes", "2", "parallel queries are not for two cores"),
    ("max_parallel_workers_per_gather", "0", "the same"),
    ("max_logical_replication_workers", "0", "its launcher would wake for nothing"),
    ("max_wal_senders", "0", "no replicas"),
    ("wal_level", "minimal", "no replicas"),
    ("autovacuum_naptime", "5min", "each round starts a process per database"),
    ("autovacuum_max_workers", "2", "two cores"),
    ("bgwriter_lru_maxpages", "0", "checkpoints write; the background writer then only sleeps"),
    ("bgwriter_delay", "10s", "the same"),
    ("wal_writer_delay", "1s", "commits write the log themselves"),
    ("random_page_cost", "1.1", "flash has no heads"),
    ("timezone", "'UTC'", "one clock for everybody"),
    ("log_timezone", "'UTC'", "one clock for everybody"),
    ("datestyle", "'iso, ymd'", "one form for everybody"),
    ("lc_messages", "'C'", "messages are read by programs too"),
    ("log_min_messages", "log", "a refused statement is its sender's business and may hold private data"),
    ("log_min_error_statement", "panic", "statements may hold private data"),
    ("log_line_prefix", "''", "whoever reads the lines adds the time"),
    ("log_checkpoints", "off", "routine"),
    ("log_autovacuum_min_duration", "-1", "routine"),
];

/// What makes a server fast and its data worthless after a crash.
const TEST_SETTINGS: &[(&str, &str)] =
    &[("fsync", "off"), ("synchronous_commit", "off"), ("full_page_writes", "off"), ("autovacuum", "off")];

/// Writes `defaults.conf`, `pg_hba.conf`, `pg_ident.conf`, and `postgresql.conf` unless the owner has edited it.
pub(crate) fn write(place: &Place, settings: &Settings) -> Result<(), ServerError> {
    file(place, "defaults.conf", &defaults(settings))?;
    let database = &settings.database;
    file(
        place,
        "pg_hba.conf",
        "# Written at every start. The Unix socket only, and only the users of pg_ident.conf.\nlocal all all peer map=owner\n",
    )?;
    let mut map = String::from("# Written at every start: who may connect, as whom.\n");
    let mut names = vec![server_user::own_name()?, place.user.name.clone()];
    names.dedup();
    for name in names {
        // Writing to a string can't fail.
        let _ = writeln!(map, "owner \"{name}\" {database}");
    }
    file(place, "pg_ident.conf", &map)
}

/// Called once, when the cluster is made: replaces the file that `initdb` made. What an owner adds to it stays.
pub(crate) fn write_once(place: &Place, data: &std::path::Path) -> Result<(), ServerError> {
    let text = "# Written once. defaults.conf is written again at every start; what is set below the next line wins over it.\n\
                include 'defaults.conf'\n";
    let path = data.join("postgresql.conf");
    fs::write(&path, text).context("write", &path)?;
    place.user.own(&path)
}

fn defaults(settings: &Settings) -> String {
    let mut text = String::from("# Written at every start. Put your own settings into postgresql.conf.\n");
    // Writing to a string can't fail.
    let _ = writeln!(text, "max_connections = {}", settings.connections_max);
    for (name, value, reason) in SETTINGS {
        let _ = writeln!(text, "{name} = {value} # {reason}");
    }
    if settings.durability == Durability::Test {
        for (name, value) in TEST_SETTINGS {
            let _ = writeln!(text, "{name} = {value} # a server for tests");
        }
    }
    text
}

fn file(place: &Place, name: &str, text: &str) -> Result<(), ServerError> {
    let path = place.data().join(name);
    fs::write(&path, text).context("write", &path)?;
    place.user.own(&path)
}
