//! A certificate authority for certificates of loopback.

use std::fmt;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempPath;

use super::TlsError;

/// The names and addresses that each certificate has.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// The file of the certificate in the folder of an authority.
const CERTIFICATE: &str = "ca.pem";
/// The file of the key in the folder of an authority.
const KEY: &str = "ca.key";
/// The validity of an authority.
const AUTHORITY_TTL: TimeDelta = TimeDelta::days(3650);
/// The validity of a certificate. Some clients reject certificates of more than 398 days.
const CERTIFICATE_TTL: TimeDelta = TimeDelta::days(397);

/// An authority that issues certificates; its own certificate is in a file, for clients that must trust it.
#[derive(Clone)]
pub struct Authority(Arc<Inner>);

struct Inner {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    file: PathBuf,
    _temporary: Option<TempPath>,
}

impl Authority {
    /// Creates an authority whose key is never written. The file of its certificate is deleted with it.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn temporary() -> Result<Self, TlsError> {
        let key = KeyPair::generate()?;
        let certificate = parameters().self_signed(&key)?;
        let written = tempfile::Builder::new()
            .prefix("mayfly-ca-")
            .suffix(".pem")
            .permissions(Permissions::from_mode(0o644))
            .tempfile()
            .and_then(|mut file| {
                file.write_all(certificate.pem().as_bytes())?;
                Ok(file.into_temp_path())
            });
        let temporary = written.map_err(|source| in_folder(&std::env::temp_dir(), source))?;
        Ok(Self(Arc::new(Inner {
            issuer: Issuer::new(parameters(), key),
            certificate: certificate.der().clone(),
            file: temporary.to_path_buf(),
            _temporary: Some(temporary),
        })))
    }

    /// Reads the authority in a folder, or creates it: several emulators can share it, and it outlives them.
    ///
    /// The key has mode 0600.
    ///
    /// # Errors
    /// If the files cannot be read or written, or if the folder holds other files.
    pub fn in_folder(folder: &Path) -> Result<Self, TlsError> {
        let file = folder.join(CERTIFICATE);
        if !file.exists() {
            create(folder)?;
        }
        let pem = |source| TlsError::Read { path: file.clone(), source };
        let certificate = rustls::pki_types::pem::PemObject::from_pem_file(&file).map_err(pem)?;
        let key = fs::read_to_string(folder.join(KEY));
        let key = KeyPair::from_pem(&key.map_err(|source| in_folder(folder, source))?)?;
        let issuer = Issuer::new(parameters(), key);
        Ok(Self(Arc::new(Inner { issuer, certificate, file, _temporary: None })))
    }

    /// Returns the file of the authority's certificate.
    pub fn file(&self) -> &Path {
        &self.0.file
    }

    /// Issues a certificate for loopback and further names, followed by the authority's own.
    pub(super) fn issue(
        &self,
        names: &[String],
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
        let mut all = LOOPBACK.map(str::to_owned).to_vec();
        all.extend(names.iter().filter(|name| !LOOPBACK.contains(&name.as_str())).cloned());
        let mut parameters = CertificateParams::new(all)?;
        parameters.distinguished_name = named("Mayfly emulator");
        parameters.use_authority_key_identifier_extension = true;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        set_validity(&mut parameters, CERTIFICATE_TTL);
        let key = KeyPair::generate()?;
        let certificate = parameters.signed_by(&key, &self.0.issuer)?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        Ok((vec![certificate.der().clone(), self.0.certificate.clone()], key.into()))
    }
}

/// Creates an authority in a folder that does not exist or is empty.
///
/// The folder appears with both files. If another process is faster, its authority is used.
fn create(folder: &Path) -> Result<(), TlsError> {
    let key = KeyPair::generate()?;
    let certificate = parameters().self_signed(&key)?.pem();
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    let written = (|| {
        let parent = parent.unwrap_or(Path::new("."));
        fs::create_dir_all(parent)?;
        let new = tempfile::Builder::new().prefix(".mayfly-ca-").tempdir_in(parent)?;
        write(&new.path().join(KEY), 0o600, &key.serialize_pem())?;
        write(&new.path().join(CERTIFICATE), 0o644, &certificate)?;
        fs::set_permissions(new.path(), Permissions::from_mode(0o755))?;
        match fs::rename(new.path(), folder) {
            Err(_) if folder.join(CERTIFICATE).exists() => Ok(()),
            other => other,
        }
    })();
    written.map_err(|source| in_folder(folder, source))
}

fn write(path: &Path, mode: u32, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(text.as_bytes())
}

/// Returns the properties of an authority, without its key.
fn parameters() -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = named("Mayfly emulators");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_validity(&mut parameters, AUTHORITY_TTL);
    parameters
}

fn named(name: &str) -> rcgen::DistinguishedName {
    let mut names = rcgen::DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

/// Sets the validity by the clock of the machine.
#[expect(
    clippy::disallowed_methods,
    reason = "clients compare a certificate with their machine's clock"
)]
fn set_validity(parameters: &mut CertificateParams, ttl: TimeDelta) {
    let part = |part: u32| u8::try_from(part).expect("a month or a day");
    let day =
        |time: DateTime<Utc>| date_time_ymd(time.year(), part(time.month()), part(time.day()));
    let yesterday = Utc::now() - TimeDelta::days(1);
    parameters.not_before = day(yesterday);
    parameters.not_after = day(yesterday + ttl);
}

fn in_folder(folder: &Path, source: io::Error) -> TlsError {
    TlsError::Files { path: folder.to_owned(), source }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("file", &self.0.file).finish_non_exhaustive()
    }
}
