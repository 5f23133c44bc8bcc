//! Bridges between plain TCP and TLS.
//!
//! The emulators use plain HTTP, and clients send bearer tokens only over TLS.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// A port on loopback whose connections are forwarded; dropping it closes them.
pub(crate) struct Bridge {
    _accepting: JoinSet<()>,
}

/// Binds a free port on loopback.
pub(crate) async fn bind() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let address = listener.local_addr().expect("a bound port has an address");
    (listener, address)
}

impl Bridge {
    /// Forwards plain connections to a service that uses TLS.
    pub(crate) fn into_tls(listener: TcpListener, to: SocketAddr, certificates: &Path) -> Self {
        let connector = TlsConnector::from(Arc::new(client_config(certificates)));
        Self::forward(listener, to, move |plain, stream| {
            let connector = connector.clone();
            async move {
                let name = ServerName::from(to.ip());
                join(plain, connector.connect(name, stream).await?).await
            }
        })
    }

    /// Forwards TLS connections to a service that uses plain TCP.
    pub(crate) fn out_of_tls(listener: TcpListener, to: SocketAddr, certificates: &Path) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(server_config(certificates)));
        Self::forward(listener, to, move |secure, stream| {
            let acceptor = acceptor.clone();
            async move { join(acceptor.accept(secure).await?, stream).await }
        })
    }

    fn forward<C, F>(listener: TcpListener, to: SocketAddr, join: C) -> Self
    where
        C: Fn(TcpStream, TcpStream) -> F + Send + 'static,
        F: Future<Output = std::io::Result<()>> + Send + 'static,
    {
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((from, _)) = listener.accept().await {
                let Ok(stream) = TcpStream::connect(to).await else { continue };
                connections.spawn(join(from, stream));
                while connections.try_join_next().is_some() {}
            }
        });
        Self { _accepting: accepting }
    }
}

/// Copies in both directions until both sides have closed the connection.
async fn join(
    mut one: impl AsyncRead + AsyncWrite + Unpin,
    mut other: impl AsyncRead + AsyncWrite + Unpin,
) -> std::io::Result<()> {
    copy_bidirectional(&mut one, &mut other).await.map(drop)
}

fn client_config(certificates: &Path) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(certificates.join("ca.pem"));
    roots.add(authority.expect("a certificate")).expect("an authority");
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder =
        builder.with_safe_default_protocol_versions().expect("ring supports the default versions");
    builder.with_root_certificates(roots).with_no_client_auth()
}

fn server_config(certificates: &Path) -> ServerConfig {
    let certificate = CertificateDer::from_pem_file(certificates.join("server.pem"));
    let key = PrivateKeyDer::from_pem_file(certificates.join("server.key"));
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let builder =
        builder.with_safe_default_protocol_versions().expect("ring supports the default versions");
    let chain = vec![certificate.expect("a certificate")];
    let config = builder.with_no_client_auth().with_single_cert(chain, key.expect("a key"));
    config.expect("a key that fits its certificate")
}
