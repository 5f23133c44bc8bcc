//! The options of HTTPS, shared by the command lines of the emulators.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::{Authority, Tls, TlsError};

/// The options of HTTPS.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct TlsArguments {
    /// Serve HTTPS; without --tls-cert, with a new certificate for localhost, 127.0.0.1 and ::1, whose authority is the
    /// file `ca` of the ready line
    #[arg(long)]
    pub tls: bool,
    /// Serve HTTPS with this certificate and its intermediate ones, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Private key of --tls-cert, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Serve HTTPS with a certificate of the authority in this folder, which is created if it is missing; emulators can
    /// share it
    #[arg(long, value_name = "FOLDER", conflicts_with = "tls_cert")]
    pub tls_ca: Option<PathBuf>,
    /// Further name or address of the new certificate; repeatable
    #[arg(long = "tls-name", value_name = "NAME", conflicts_with = "tls_cert")]
    pub tls_names: Vec<String>,
}

impl TlsArguments {
    /// Returns whether any of the options requests HTTPS.
    pub fn is_requested(&self) -> bool {
        let is_new = self.tls || self.tls_ca.is_some() || !self.tls_names.is_empty();
        is_new || self.tls_cert.is_some()
    }

    /// Reads or creates the certificate of a service at this address; `None` without any of the options.
    ///
    /// # Errors
    /// If a file cannot be read or written, or has no certificate of this kind.
    pub fn load(&self, listen: SocketAddr) -> Result<Option<Tls>, TlsError> {
        if let (Some(certificate), Some(key)) = (&self.tls_cert, &self.tls_key) {
            return Tls::from_files(certificate, key).map(Some);
        }
        if !self.is_requested() {
            return Ok(None);
        }
        let authority = match &self.tls_ca {
            Some(folder) => Authority::in_folder(folder)?,
            None => Authority::temporary()?,
        };
        let mut names = self.tls_names.clone();
        if !listen.ip().is_unspecified() {
            names.push(listen.ip().to_string());
        }
        Tls::issued_by(authority, &names).map(Some)
    }
}
