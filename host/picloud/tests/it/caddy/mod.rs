//! The real Caddy, with the files that are shipped, in front of the real program.

mod names;
mod restart;
mod smuggling;
mod visits;

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tempfile::TempDir;

use crate::instance::{Instance, eventually, free_port};

/// A connection to Caddy that has a certificate of its authority.
pub(crate) type Tls = StreamOwned<ClientConnection, TcpStream>;

/// Which of the two files.
#[derive(Debug, Clone, Copy)]
enum File {
    Production,
    Local,
}

/// Caddy as a process, with its ports and a directory for all that it keeps.
struct Caddy {
    child: Child,
    http_port: u16,
    https_port: u16,
    directory: TempDir,
    tls: Arc<ClientConfig>,
}

impl Caddy {
    /// Starts it in front of the nodes of an instance, and waits until it listens.
    fn start(file: File, host: &str, nodes: &[&Instance]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (http_port, https_port) = (free_port(), free_port());
        let config = directory.path().join("Caddyfile");
        fs::write(&config, file.text(http_port, https_port)).unwrap();
        let mut command = Command::new("caddy");
        command.args(["run", "--adapter", "caddyfile", "--config"]).arg(&config).env_clear();
        // All that it keeps goes below these.
        command.env("HOME", directory.path()).env("XDG_DATA_HOME", directory.path()).env("XDG_CONFIG_HOME", directory.path());
        let addresses: Vec<String> = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        command.env("PICLOUD_HOST", host).env("PICLOUD_NODES", addresses.join(" "));
        if nodes.len() > 1 {
            command.env("PICLOUD_BALANCING", "several_nodes");
        }
        command.env("PICLOUD_INTERNAL_BIND", format!("127.0.0.1:{}", nodes[0].internal_port));
        command.env("PICLOUD_HTTP_PORT", http_port.to_string()).env("PICLOUD_HTTPS_PORT", https_port.to_string());
        command.env("PICLOUD_CADDY_ADMIN", "off");
        let log = fs::File::create(directory.path().join("log")).unwrap();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        let child = child.unwrap_or_else(|error| panic!("caddy can't be started ({error}); `cargo xtask setup` installs it"));
        let authority = authority(directory.path());
        eventually(|| TcpStream::connect(("127.0.0.1", https_port)).is_ok() && authority.is_file());
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&authority).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let tls = Arc::new(tls.with_root_certificates(roots).with_no_client_auth());
        Self { child, http_port, https_port, directory, tls }
    }

    /// curl to one of its hosts: its standard output.
    fn curl(&self, host: &str, target: &str, arguments: &[&str]) -> String {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--max-time", "60", "--resolve", &format!("{host}:{}:127.0.0.1", self.https_port)]);
        curl.arg("--cacert").arg(authority(self.directory.path())).args(arguments);
        let output = curl.arg(format!("https://{host}:{}{target}", self.https_port)).output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    }

    /// A connection for raw bytes, if there is a certificate for the name.
    fn connect(&self, host: &str) -> std::io::Result<Tls> {
        let address = SocketAddr::from(([127, 0, 0, 1], self.https_port));
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let name = ServerName::try_from(host.to_owned()).unwrap();
        let mut client = ClientConnection::new(Arc::clone(&self.tls), name).unwrap();
        while client.is_handshaking() {
            client.complete_io(&mut stream)?;
        }
        Ok(StreamOwned::new(client, stream))
    }

    /// The names that it has certificates for.
    fn names(&self) -> Vec<String> {
        let directory = self.directory.path().join("caddy/certificates/local");
        let mut names: Vec<_> =
            fs::read_dir(directory).into_iter().flatten().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Caddy {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
        if std::thread::panicking() {
            println!("{}", fs::read_to_string(self.directory.path().join("log")).unwrap_or_default());
        }
    }
}

impl File {
    /// The file as it is shipped; the one for production with ports of the test, and an authority that needs no network.
    fn text(self, http_port: u16, https_port: u16) -> String {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../caddy");
        match self {
            Self::Local => fs::read_to_string(directory.join("Caddyfile.local")).unwrap(),
            Self::Production => {
                let text = fs::read_to_string(directory.join("Caddyfile")).unwrap();
                let (before, after) = text.split_once("\n{\n").unwrap();
                let ours = format!("http_port {http_port}\nhttps_port {https_port}\ndefault_bind 127.0.0.1\nadmin off\nlocal_certs\n");
                format!("{before}\n{{\n{ours}skip_install_trust\n{after}")
            }
        }
    }
}

/// Where Caddy puts the certificate of its own authority.
fn authority(directory: &Path) -> PathBuf {
    directory.join("caddy/pki/authorities/local/root.crt")
}
