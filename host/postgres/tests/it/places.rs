//! Directories that a server can't simply live in.

use std::{fs, os::unix::fs::PermissionsExt};

use postgres::{Server, ServerError, Settings};

use crate::{directory, is_root, query, settings, start};

#[tokio::test]
async fn a_path_too_long_for_a_socket_gets_a_short_one_that_stays() {
    let parent = directory();
    let long = parent.path().join("d".repeat(100)).join("é e".repeat(10));
    let settings = Settings { directory: long, ..settings(parent.path()) };
    let mut sockets = Vec::new();
    for _ in 0..2 {
        let server = start(&settings).await;
        assert_eq!(query(server.url(), "select 1"), "1");
        sockets.push(server.socket_directory().to_owned());
        server.stop().await.unwrap();
    }
    assert!(sockets[0].as_os_str().len() < 60);
    assert_eq!(sockets[0], sockets[1]);
    fs::remove_dir_all(&sockets[0]).unwrap();
}

#[tokio::test]
async fn under_a_parent_that_the_servers_user_cannot_enter() {
    let parent = directory();
    let closed = parent.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let settings = Settings { directory: closed.join("deeper/postgres"), ..settings(parent.path()) };
    let server = start(&settings).await;
    query(server.url(), "create table kept as select 7 as number");
    let elsewhere = server.data_directory().starts_with(&settings.fallback_parent);
    assert_eq!(elsewhere, is_root(), "the owner of the parent needs no other place");
    server.stop().await.unwrap();

    let server = start(&settings).await;
    assert_eq!(query(server.url(), "select number from kept"), "7");
    server.stop().await.unwrap();

    if is_root() {
        fs::remove_dir_all(&settings.fallback_parent).unwrap();
        let error = Server::start(&settings, |_| ()).await.unwrap_err();
        assert!(matches!(error, ServerError::Dangling { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_cluster_of_a_version_that_is_not_installed() {
    let parent = directory();
    let settings = settings(parent.path());
    let server = start(&settings).await;
    let version = server.data_directory().join("PG_VERSION");
    server.stop().await.unwrap();
    fs::write(version, "7\n").unwrap();
    let error = Server::start(&settings, |_| ()).await.unwrap_err().to_string();
    assert!(error.contains("PostgreSQL 7") && error.contains("apt-get install postgresql-7"), "{error}");
}
