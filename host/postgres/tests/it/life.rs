//! Start, use, stop.

use std::{fs, os::unix::fs::MetadataExt};

use postgres::{Durability, Server, ServerError, Settings, State};

use crate::{directory, is_root, psql, query, settings, start};

#[tokio::test]
async fn answers_on_its_socket_and_keeps_data_over_a_stop() {
    let parent = directory();
    let settings = settings(parent.path());
    let server = start(&settings).await;
    assert_eq!(query(server.url(), "select current_database() || ' ' || current_user"), "test test");
    query(server.url(), "create table kept as select 7 as number");
    server.stop().await.unwrap();

    let server = start(&settings).await;
    assert_eq!(query(server.url(), "select number from kept"), "7");
    let mut state = server.state();
    assert!(matches!(*state.borrow_and_update(), State::Running { restarts: 0, .. }));
    let url = server.url().to_owned();
    server.stop().await.unwrap();
    assert_eq!(*state.borrow(), State::Stopped);
    assert!(!psql(&url, "select 1").status.success());
}

#[tokio::test]
async fn s_9_7_unix_socket_only_and_durable() {
    let parent = directory();
    let server = start(&Settings { durability: Durability::Full, ..settings(parent.path()) }).await;
    let show = |name: &str| query(server.url(), &format!("show {name}"));
    assert_eq!(show("listen_addresses"), "");
    assert_eq!((show("fsync"), show("synchronous_commit"), show("full_page_writes")), ("on".into(), "on".into(), "on".into()));
    assert_eq!((show("server_encoding"), show("lc_collate"), show("data_checksums")), ("UTF8".into(), "C.UTF-8".into(), "on".into()));
    for private in [server.data_directory(), server.socket_directory()] {
        let metadata = fs::metadata(private).unwrap();
        assert_eq!(metadata.mode() & 0o777, 0o700);
        assert_ne!(metadata.uid(), 0, "an unprivileged user, also under root");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_user_that_is_not_in_the_map_is_refused() {
    if !is_root() {
        // Only root can become somebody else to try.
        return;
    }
    let parent = directory();
    let server = start(&settings(parent.path())).await;
    let url = server.url().replace("postgres://test@", "postgres://postgres@");
    assert!(!psql(&url, "select 1").status.success());
    server.stop().await.unwrap();
}

#[tokio::test]
async fn one_supervisor_per_directory() {
    let parent = directory();
    let settings = settings(parent.path());
    let server = start(&settings).await;
    let second = Server::start(&settings, |_| ()).await;
    assert!(matches!(second, Err(ServerError::InUse { .. })), "{second:?}");
    assert_eq!(postgres::running(&settings).unwrap().as_deref(), Some(server.url()));
    assert_eq!(query(server.url(), "select 1"), "1");
    server.stop().await.unwrap();
    assert_eq!(postgres::running(&settings).unwrap(), None);
}

#[tokio::test]
async fn an_edited_configuration_is_kept_and_a_wrong_one_is_reported() {
    let parent = directory();
    let settings = settings(parent.path());
    let server = start(&settings).await;
    let file = server.data_directory().join("postgresql.conf");
    server.stop().await.unwrap();

    let own = format!("{}work_mem = 5MB\n", fs::read_to_string(&file).unwrap());
    fs::write(&file, &own).unwrap();
    let server = start(&settings).await;
    assert_eq!(query(server.url(), "show work_mem"), "5MB");
    server.stop().await.unwrap();

    fs::write(&file, format!("{own}work_mem = plenty\n")).unwrap();
    let error = Server::start(&settings, |_| ()).await.unwrap_err().to_string();
    assert!(error.contains("work_mem"), "{error}");
}
