//! Supervises a server in the directory of the first argument until it is killed. Says `ready` when the server runs.

use std::{io::Write as _, path::PathBuf};

use postgres::{Durability, Server, Settings};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), postgres::ServerError> {
    let directory = std::env::args_os().nth(1).map(PathBuf::from).unwrap_or_default();
    let settings = Settings {
        fallback_parent: directory.join("fallback"),
        directory,
        search_path: None,
        database: "test".into(),
        durability: Durability::Full,
        connections_max: 10,
    };
    let _server = Server::start(&settings, |_| ()).await?;
    // A closed pipe means that nobody waits any more.
    let _ = writeln!(std::io::stdout(), "ready");
    std::future::pending().await
}
