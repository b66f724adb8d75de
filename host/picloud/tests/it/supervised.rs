//! What a service manager hears of the program: a real socket, as systemd makes it.

use std::{
    fs,
    os::{
        linux::net::SocketAddrExt as _,
        unix::{
            fs::PermissionsExt as _,
            net::{SocketAddr, UnixDatagram},
        },
    },
    process::Stdio,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    http::send,
    instance::{free_port, program},
};

/// The next message, which has a minute to come.
fn hear(socket: &UnixDatagram) -> String {
    let mut message = [0; 64];
    let length = socket.recv(&mut message).unwrap();
    String::from_utf8_lossy(&message[..length]).into_owned()
}

/// Waits for a message; signs of life may come before it.
fn hears(socket: &UnixDatagram, message: &str) {
    let heard = (0..).map(|_| hear(socket)).find(|heard| heard != "WATCHDOG=1");
    assert_eq!(heard.as_deref(), Some(message));
}

/// From the start to the end, by the name under which the socket is known.
fn is_told(name: &str, socket: &UnixDatagram) {
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let directory = tempfile::tempdir().unwrap();
    // PostgreSQL's user has to enter when the tests run as root.
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let (port, internal_port) = (free_port(), free_port());
    let mut command = program(directory.path());
    command.args(["serve", "--bind", &format!("127.0.0.1:{port}"), "--internal-bind", &format!("127.0.0.1:{internal_port}")]);
    command.env("NOTIFY_SOCKET", name).env("WATCHDOG_USEC", "200000").stderr(Stdio::null());
    let mut child = command.spawn().unwrap();

    hears(socket, "READY=1");
    let answer = send(port, "GET", "/greet/Ada", &["Host: hello.localhost"], "").unwrap();
    assert_eq!(answer.status, 200, "it is ready when it says so");
    for _ in 0..5 {
        assert_eq!(hear(socket), "WATCHDOG=1");
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    hears(socket, "STOPPING=1");
    assert!(child.wait().unwrap().success());
}

#[test]
fn s_9_2_a_service_manager_is_told_at_a_path() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notify");
    is_told(path.to_str().unwrap(), &UnixDatagram::bind(&path).unwrap());
}

#[test]
fn s_9_2_a_service_manager_is_told_at_an_abstract_name() {
    let name = format!("picloud-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    is_told(&format!("@{name}"), &UnixDatagram::bind_addr(&address).unwrap());
}
