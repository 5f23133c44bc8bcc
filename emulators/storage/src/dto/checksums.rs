//! The checksums of a body: MD5, and the CRC-64 of the service.
//!
//! By "Put Blob", "Put Block" and "Put Block List" of the REST reference; the messages are those of a recording:
//! <https://github.com/Azure/azure-sdk-for-js/tree/main/sdk/storage/storage-blob/recordings>.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crc::{CRC_64_NVME, Crc};
use http::header::HeaderName;
use http::{HeaderMap, HeaderValue};
use md5::{Digest, Md5};

use crate::api_version::ApiVersion;
use crate::error::StorageError;

/// The header of the MD5 hash of a body.
pub(crate) const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");
/// The header of the CRC-64 checksum of a body.
pub(crate) const CONTENT_CRC64: HeaderName = HeaderName::from_static("x-ms-content-crc64");
/// The header of the MD5 hash that is stored with a blob.
const BLOB_CONTENT_MD5: HeaderName = HeaderName::from_static("x-ms-blob-content-md5");

/// The polynomial of the service, as in the SDKs: `0x9A6C9329AC4BC9B5`, reflected.
const CRC64: Crc<u64> = Crc::<u64>::new(&CRC_64_NVME);

/// The checksums of the body of a request, as header values.
#[derive(Clone, Debug)]
pub(crate) struct Checksums {
    md5: HeaderValue,
    crc64: HeaderValue,
}

impl Checksums {
    /// Computes the checksums of a body, and compares those that the request has with them.
    pub(crate) fn verify(headers: &HeaderMap, body: &[u8]) -> Result<Self, StorageError> {
        let (md5, crc64) = (headers.get(CONTENT_MD5), headers.get(CONTENT_CRC64));
        if md5.is_some() && crc64.is_some() {
            return Err(StorageError::BOTH_CRC64_AND_MD5_HEADER_PRESENT);
        }
        let computed =
            Self { md5: md5_of(body), crc64: encoded(&CRC64.checksum(body).to_le_bytes()) };
        if let Some(sent) = md5 {
            check_md5(sent, &computed.md5)?;
        }
        if let Some(sent) = crc64 {
            computed.check_crc64(sent)?;
        }
        Ok(computed)
    }

    /// Returns the MD5 hash that is stored with a blob which is uploaded as a whole.
    ///
    /// A hash that the caller wants to store is compared too, since the service knows the content.
    pub(crate) fn stored_md5(&self, headers: &HeaderMap) -> Result<HeaderValue, StorageError> {
        if let Some(sent) = headers.get(BLOB_CONTENT_MD5) {
            check_md5(sent, &self.md5)?;
        }
        Ok(self.md5.clone())
    }

    fn check_crc64(&self, sent: &HeaderValue) -> Result<(), StorageError> {
        if decoded_length(sent) != Some(8) {
            return Err(StorageError::INVALID_CRC64);
        }
        if sent == self.crc64 {
            return Ok(());
        }
        Err(StorageError::CRC64_MISMATCH
            .with_detail("UserSpecifiedCrc", text_of(sent))
            .with_detail("ServerCalculatedCrc", text_of(&self.crc64)))
    }

    /// Inserts the checksums of a whole blob into the response.
    pub(crate) fn insert_of_blob(&self, response: &mut HeaderMap, version: ApiVersion) {
        response.insert(CONTENT_MD5, self.md5.clone());
        self.insert_crc64(response, version);
    }

    /// Inserts the checksums of a block or a block list into the response. Newer versions return the MD5 hash only to
    /// a request that has one.
    pub(crate) fn insert_of_block(
        &self,
        response: &mut HeaderMap,
        request: &HeaderMap,
        version: ApiVersion,
    ) {
        if version < ApiVersion::CRC64 || request.contains_key(CONTENT_MD5) {
            response.insert(CONTENT_MD5, self.md5.clone());
        }
        self.insert_crc64(response, version);
    }

    fn insert_crc64(&self, response: &mut HeaderMap, version: ApiVersion) {
        if version >= ApiVersion::CRC64 {
            response.insert(CONTENT_CRC64, self.crc64.clone());
        }
    }
}

/// Checks the format of the MD5 hash that the caller wants to store with a blob.
pub(crate) fn check_blob_md5(headers: &HeaderMap) -> Result<(), StorageError> {
    match headers.get(BLOB_CONTENT_MD5).map(decoded_length) {
        None | Some(Some(16)) => Ok(()),
        Some(_) => Err(StorageError::INVALID_MD5),
    }
}

/// Returns the MD5 hash of some bytes as a header value.
pub(crate) fn md5_of(bytes: &[u8]) -> HeaderValue {
    encoded(Md5::digest(bytes).as_slice())
}

fn check_md5(sent: &HeaderValue, computed: &HeaderValue) -> Result<(), StorageError> {
    if decoded_length(sent) != Some(16) {
        return Err(StorageError::INVALID_MD5);
    }
    if sent == computed {
        return Ok(());
    }
    Err(StorageError::MD5_MISMATCH
        .with_detail("UserSpecifiedMd5", text_of(sent))
        .with_detail("ServerCalculatedMd5", text_of(computed)))
}

fn decoded_length(value: &HeaderValue) -> Option<usize> {
    STANDARD.decode(value.as_bytes()).ok().map(|bytes| bytes.len())
}

fn encoded(bytes: &[u8]) -> HeaderValue {
    HeaderValue::try_from(STANDARD.encode(bytes)).expect("base64 is visible ASCII")
}

fn text_of(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_recordings() {
        for (body, md5, crc64) in [
            ("", "1B2M2Y8AsgTpgAmY7PhCfg==", "AAAAAAAAAAA="),
            ("Hello World", "sQqNsWTgdUEFt6mb5y4/5Q==", "YeJLfssylmU="),
        ] {
            let computed =
                Checksums::verify(&HeaderMap::new(), body.as_bytes()).expect("nothing sent");
            assert_eq!(
                (text_of(&computed.md5).as_str(), text_of(&computed.crc64).as_str()),
                (md5, crc64)
            );
        }
    }
}
