//! HTTPS for an emulator, since SDKs send access tokens over HTTPS only.
//!
//! The certificate is the caller's own, or one of an authority that is created on request: clients then
//! trust the authority's file, which the ready line names.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

#[cfg(feature = "clap")]
mod arguments;
mod authority;
#[cfg(test)]
mod tests;

#[cfg(feature = "clap")]
pub use arguments::TlsArguments;
pub use authority::Authority;

/// The certificate of a service, and the protocol of its connections: TLS 1.2 or 1.3 with HTTP/1.1.
#[derive(Clone)]
pub struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    authority: Option<Authority>,
}

/// The reason that a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or holds no certificate or key as PEM.
    #[error("read {} as PEM", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: rustls::pki_types::pem::Error,
    },
    /// A file has no certificate.
    #[error("find a certificate in {}", .0.display())]
    Empty(PathBuf),
    /// The key is of another certificate, or of a kind that is not supported.
    #[error("use the certificate with its key")]
    Unusable(#[from] rustls::Error),
    /// The authority's files cannot be written or read.
    #[error("keep the certificate authority in {}", path.display())]
    Files {
        /// The folder.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// A client cannot use the trusted authorities.
    #[error("trust the certificate authorities: {0}")]
    Client(String),
    /// A certificate cannot be created, for example for a name that is none.
    #[error("create a certificate")]
    Create(#[from] rcgen::Error),
}

impl Tls {
    /// Reads a certificate, followed by its intermediate ones, and its key.
    ///
    /// # Errors
    /// If a file cannot be read, or if the key is not that of the certificate.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let read = |path: &Path| {
            let path = path.to_owned();
            move |source| TlsError::Read { path, source }
        };
        let chain = CertificateDer::pem_file_iter(certificate).map_err(read(certificate))?;
        let chain = chain.collect::<Result<Vec<_>, _>>().map_err(read(certificate))?;
        if chain.is_empty() {
            return Err(TlsError::Empty(certificate.to_owned()));
        }
        let key = PrivateKeyDer::from_pem_file(key).map_err(read(key))?;
        Self::new(chain, key, None)
    }

    /// Issues a certificate for `localhost`, the addresses of loopback, and further names or addresses.
    ///
    /// # Errors
    /// If a name is neither a DNS name nor an address.
    ///
    /// # Example
    /// ```
    /// use emulator_core::tls::{Authority, Tls};
    ///
    /// let tls = Tls::issued_by(Authority::temporary()?, &["batch.test".to_owned()])?;
    /// let trusted = std::fs::read_to_string(tls.authority().expect("its authority").file())?;
    /// assert!(trusted.starts_with("-----BEGIN CERTIFICATE-----"));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn issued_by(authority: Authority, names: &[String]) -> Result<Self, TlsError> {
        let (chain, key) = authority.issue(names)?;
        Self::new(chain, key, Some(authority))
    }

    /// Returns the authority of an issued certificate.
    pub fn authority(&self) -> Option<&Authority> {
        self.authority.as_ref()
    }

    fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        authority: Option<Authority>,
    ) -> Result<Self, TlsError> {
        let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let builder = builder.with_safe_default_protocol_versions()?.with_no_client_auth();
        let mut config = builder.with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), authority })
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("authority", &self.authority).finish_non_exhaustive()
    }
}
