//! A running PiCloud with a directory of its own.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http::{Answer, send};

pub(crate) const PASSWORD: &str = "a password for tests";

const PROGRAM: &str = env!("CARGO_BIN_EXE_picloud");

/// A part of the data directory that is a disk of its own, which only the process sees and which goes with it.
struct SmallDisk {
    /// Below the data directory.
    name: &'static str,
    megabytes: u32,
}

impl SmallDisk {
    /// The program with the disk. Who is not root mounts it as root of nothing but his own process.
    fn around(&self, directory: &Path) -> Command {
        const SCRIPT: &str = r#"mkdir -p "$2" && mount -t tmpfs -o "size=$1,mode=755" tmpfs "$2" && shift 2 && exec "$@""#;
        let mut command = Command::new("unshare");
        command.arg("--mount");
        if !rustix::process::geteuid().is_root() {
            command.args(["--user", "--map-current-user", "--keep-caps"]);
        }
        command.args(["sh", "-c", SCRIPT, "sh", &format!("{}m", self.megabytes)]);
        command.arg(directory.join("data").join(self.name)).arg(PROGRAM);
        told_to_use(command, directory)
    }
}

/// A process, its ports and its directory.
pub(crate) struct Instance {
    child: Option<Child>,
    pub(crate) port: u16,
    pub(crate) internal_port: u16,
    directory: TempDir,
    /// Where its key file is, if that is not one of its own.
    key_directory: Option<TempDir>,
    small_disk: Option<SmallDisk>,
    /// Somebody else's database, if it has none of its own.
    database_url: Option<String>,
    /// What it said until it was ready.
    told: String,
    /// Text of the configuration file.
    file: String,
    /// The instance's own host.
    host: String,
    /// Cookie of whoever logged in.
    session: Vec<String>,
    /// Sent with every call of the admin API once there is one.
    key: String,
}

/// The program, told to use `directory`.
pub(crate) fn program(directory: &Path) -> Command {
    told_to_use(Command::new(PROGRAM), directory)
}

fn told_to_use(mut command: Command, directory: &Path) -> Command {
    command.env("PICLOUD_DATA_DIR", directory.join("data")).env("PICLOUD_ADMIN_PASSWORD", PASSWORD).env_remove("PICLOUD_DATABASE_URL");
    command
}

impl Instance {
    /// Starts a new one and waits until it serves.
    pub(crate) fn start() -> Self {
        Self::with(None, "localhost", "")
    }

    /// Starts a new one that has this part of its data directory on a disk of so many megabytes.
    pub(crate) fn on_a_small_disk(name: &'static str, megabytes: u32) -> Self {
        let mut instance = Self::new(None, "localhost", "");
        instance.small_disk = Some(SmallDisk { name, megabytes });
        instance.start_again();
        instance
    }

    /// Starts a new one with a configuration file.
    pub(crate) fn configured(file: &str) -> Self {
        Self::with(None, "localhost", file)
    }

    /// One node of several: they have this database in common, and their key file.
    pub(crate) fn node(database_url: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let key = directory.path().join("secrets.key");
        fs::write(&key, "0123456789abcdef".repeat(4)).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        let mut node = Self::node_with_key(database_url, &key);
        node.key_directory = Some(directory);
        node
    }

    /// One node of several that can be started again: what one has sealed the others have to open, so they have one key file.
    pub(crate) fn node_with_key(database_url: &str, key_file: &Path) -> Self {
        let file = format!("secrets_key_file = '{}'\n", key_file.display());
        Self::with(Some(database_url.to_owned()), "localhost", &file)
    }

    /// One node of several, of an instance that the world can reach: apps are below `base_domain`, and a balancer has time to see that a node ends.
    /// All nodes have one key file.
    pub(crate) fn public_node(database_url: &str, key_file: &Path, host: &str, base_domain: &str) -> Self {
        let file = format!("host = '{host}'\nbase_domain = '{base_domain}'\nsecrets_key_file = '{}'\n", key_file.display());
        Self::with(Some(database_url.to_owned()), host, &file)
    }

    fn with(database_url: Option<String>, host: &str, file: &str) -> Self {
        let mut instance = Self::new(database_url, host, file);
        instance.start_again();
        instance
    }

    fn new(database_url: Option<String>, host: &str, file: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        // PostgreSQL's user has to enter when the tests run as root.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let (port, internal_port) = (free_port(), free_port());
        let (host, file) = (host.to_owned(), file.to_owned());
        let (child, key_directory, small_disk, told, session, key) = (None, None, None, String::new(), Vec::new(), String::new());
        Self { child, port, internal_port, directory, key_directory, small_disk, database_url, told, file, host, session, key }
    }

    /// Starts the stopped or killed one again, in the same directory.
    pub(crate) fn start_again(&mut self) {
        let directory = self.directory.path();
        let mut command = self.small_disk.as_ref().map_or_else(|| program(directory), |disk| disk.around(directory));
        command.arg("serve").args(["--bind", &format!("127.0.0.1:{}", self.port)]);
        command.args(["--internal-bind", &format!("127.0.0.1:{}", self.internal_port)]).stderr(Stdio::piped());
        let file = self.path().join("picloud.toml");
        fs::write(&file, &self.file).unwrap();
        command.arg("--config").arg(file);
        if let Some(url) = &self.database_url {
            command.env("PICLOUD_DATABASE_URL", url);
        }
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        self.child = Some(child);
        let mut told = Vec::new();
        let mut lines = stderr.lines().map_while(Result::ok);
        for line in lines.by_ref() {
            let is_ready = line.starts_with("PiCloud is ready");
            told.push(line);
            if is_ready {
                self.told = told.join("\n");
                // What it says later must not fill the pipe.
                std::thread::spawn(move || lines.for_each(drop));
                return;
            }
        }
        panic!("it ended before it was ready:\n{}", told.join("\n"));
    }

    /// What it said until it was ready, at its last start.
    pub(crate) fn told(&self) -> &str {
        &self.told
    }

    /// The small disk, as its process sees it.
    pub(crate) fn small_disk(&self) -> PathBuf {
        let data = self.directory.path().join("data");
        let seen = data.join(self.small_disk.as_ref().unwrap().name);
        Path::new("/proc").join(self.pid().to_string()).join("root").join(seen.strip_prefix("/").unwrap())
    }

    /// The id of the process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Makes a script with a route, and returns the script's id.
    pub(crate) fn script(&self, app: &str, name: &str, source: &str, path: &str) -> String {
        let script = self.admin("POST", "scripts", &json!({ "app": app, "name": name, "source": source }));
        assert_eq!(script.status, 201, "{script:?}");
        let id = script.json()["id"].as_str().unwrap().to_owned();
        let route = self.admin("POST", "routes", &json!({ "app": app, "script": id, "path": path }));
        assert_eq!(route.status, 201, "{route:?}");
        id
    }

    /// Lets an app be asked as often as anybody can: all clients of a test have one address.
    pub(crate) fn without_rates(&self, app: &str) {
        let names = ["requests_per_second", "requests_burst", "client_requests_per_second", "client_requests_burst"];
        let limits: serde_json::Map<_, _> = names.iter().map(|name| ((*name).to_owned(), json!(1_000_000))).collect();
        let set = self.admin("PATCH", &format!("apps/{app}"), &json!({ "limits": limits }));
        assert_eq!(set.status, 200, "{set:?}");
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Asks the process to end, and waits.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        let mut child = self.child.take().unwrap();
        kill_process(pid(&child), Signal::TERM).unwrap();
        child.wait().unwrap()
    }

    /// `kill -9` while others still ask it; [`Instance::kill`] comes after them.
    pub(crate) fn kill_in_use(&self) {
        kill_process(pid(self.child.as_ref().unwrap()), Signal::KILL).unwrap();
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// A visitor's request.
    pub(crate) fn visit(&self, host: &str, target: &str) -> Answer {
        send(self.port, "GET", target, &[&format!("Host: {host}")], "").unwrap()
    }

    /// A call of the admin API.
    pub(crate) fn admin(&self, method: &str, path: &str, body: &Value) -> Answer {
        let authorization = format!("Authorization: Bearer {}", self.key);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.call(method, path, &[&authorization], &body)
    }

    /// A call of the admin API by somebody who logged in at any node. The origin is that of the node that is asked.
    pub(crate) fn by_session(&self, session: &[String], method: &str, path: &str, body: &Value) -> Answer {
        let origin = match self.host.as_str() {
            "localhost" => format!("Origin: http://localhost:{}", self.port),
            host => format!("Origin: https://{host}"),
        };
        let headers: Vec<&str> = session.iter().map(String::as_str).chain([origin.as_str()]).collect();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.call(method, path, &headers, &body)
    }

    /// The key that [`Instance::admin`] sends.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// The cookie of whoever logged in here.
    pub(crate) fn session(&self) -> &[String] {
        &self.session
    }

    /// Calls with the key of another node.
    pub(crate) fn take_key_of(&mut self, other: &Self) {
        self.key.clone_from(&other.key);
    }

    fn call(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let host = format!("Host: {}", self.host);
        let headers = [&[host.as_str(), "Content-Type: application/json"], headers].concat();
        send(self.port, method, &format!("/api/v1/admin/{path}"), &headers, body).unwrap()
    }

    /// Logs in and makes a key for [`Instance::admin`].
    pub(crate) fn log_in(&mut self, password: &str) -> Answer {
        let session = self.call("POST", "session", &[], &json!({ "username": "owner", "password": password }).to_string());
        let Some(cookie) = session.header("set-cookie").and_then(|cookie| cookie.split(';').next()) else { return session };
        self.session = vec![format!("Cookie: {cookie}")];
        let scopes = [
            "script:read",
            "script:write",
            "script:execute",
            "route:write",
            "domain:write",
            "secret:write",
            "data:read",
            "data:write",
            "log:read",
            "app:admin",
            "instance:admin",
        ];
        let made = self.by_session(&self.session, "POST", "api-keys", &json!({ "name": "tests", "scopes": scopes }));
        self.key = made.json()["key"].as_str().unwrap().to_owned();
        session
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Its PostgreSQL has to end as well.
            let _ = kill_process(pid(&child), Signal::TERM);
            let _ = child.wait();
        }
    }
}

/// Asks again until it is so. A change is live within a second, a row written within a second; no test is decided by that.
pub(crate) fn eventually(mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "it never came");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_child(child)
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
