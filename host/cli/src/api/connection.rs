//! A connection to an instance: HTTP/1.1, in clear on this machine, else in TLS with the authorities that browsers trust.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use crate::failure::{Failure, Result};

/// Where requests go in.
pub(super) type Sender = http1::SendRequest<Full<Bytes>>;

/// Connecting takes so long at most, TLS included.
const CONNECT: Duration = Duration::from_secs(15);

/// How TLS is spoken.
pub(super) fn tls() -> Result<TlsConnector> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| Failure::failed(format!("this build has no TLS: {error}")))?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Connects.
///
/// # Errors
/// Why that was not possible.
pub(super) async fn open(base: &Url, tls: &TlsConnector) -> Result<Sender, String> {
    let connected = async {
        let host = base.host().ok_or("it has no host")?;
        let port = base.port_or_known_default().ok_or("it has no port")?;
        let stream = match &host {
            // Not every resolver knows the names below localhost.
            Host::Domain(name) if name.ends_with(".localhost") => TcpStream::connect(("localhost", port)).await,
            Host::Domain(name) => TcpStream::connect((*name, port)).await,
            Host::Ipv4(address) => TcpStream::connect((*address, port)).await,
            Host::Ipv6(address) => TcpStream::connect((*address, port)).await,
        };
        let stream = stream.map_err(|error| error.to_string())?;
        // Small requests are not held back; without it they are merely slower.
        let _is_set = stream.set_nodelay(true);
        if base.scheme() == "http" {
            return shake_hands(stream).await;
        }
        let name = match &host {
            Host::Domain(name) => ServerName::try_from((*name).to_owned()).map_err(|error| error.to_string())?,
            Host::Ipv4(address) => ServerName::from(std::net::IpAddr::from(*address)),
            Host::Ipv6(address) => ServerName::from(std::net::IpAddr::from(*address)),
        };
        shake_hands(tls.connect(name, stream).await.map_err(|error| format!("TLS: {error}"))?).await
    };
    timeout(CONNECT, connected).await.unwrap_or_else(|_| Err(format!("no connection within {} seconds", CONNECT.as_secs())))
}

async fn shake_hands(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Result<Sender, String> {
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    // It ends with the sender; what breaks it, the sender reports.
    tokio::spawn(async move { _ = connection.await });
    Ok(sender)
}
