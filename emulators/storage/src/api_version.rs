//! The versions of the REST API, which the header `x-ms-version` or a SAS names.

use emulator_core::service::Request;
use http::StatusCode;

use crate::error::StorageError;
use crate::request::Query;

const HEADER: &str = "x-ms-version";

/// The versions that the service has published, by "Versioning for Azure Storage" and "Previous Azure Storage
/// versions" of the REST reference; the last is the default of the SDKs that were published in autumn 2026.
///
/// <https://learn.microsoft.com/rest/api/storageservices/versioning-for-the-azure-storage-services>
const PUBLISHED: [&str; 52] = [
    "2008-10-27",
    "2009-04-14",
    "2009-07-17",
    "2009-09-19",
    "2011-08-18",
    "2012-02-12",
    "2013-08-15",
    "2014-02-14",
    "2015-02-21",
    "2015-04-05",
    "2015-07-08",
    "2015-12-11",
    "2016-05-31",
    "2017-04-17",
    "2017-07-29",
    "2017-11-09",
    "2018-03-28",
    "2018-11-09",
    "2019-02-02",
    "2019-07-07",
    "2019-10-10",
    "2019-12-12",
    "2020-02-10",
    "2020-04-08",
    "2020-06-12",
    "2020-08-04",
    "2020-10-02",
    "2020-12-06",
    "2021-02-12",
    "2021-04-10",
    "2021-06-08",
    "2021-08-06",
    "2021-10-04",
    "2021-12-02",
    "2022-11-02",
    "2023-01-03",
    "2023-05-03",
    "2023-08-03",
    "2023-11-03",
    "2024-02-04",
    "2024-05-04",
    "2024-08-04",
    "2024-11-04",
    "2025-01-05",
    "2025-05-05",
    "2025-07-05",
    "2025-11-05",
    "2026-02-06",
    "2026-04-06",
    "2026-06-06",
    "2026-10-06",
    // Azure Data Lake Storage was published with it, and the blob service accepts it.
    "2018-06-17",
];

/// A published version; versions compare by their dates.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct ApiVersion(&'static str);

impl ApiVersion {
    /// The version of a response whose request names none, and of the SAS that the emulator creates.
    pub(crate) const DEFAULT: Self = Self("2026-04-06");
    /// The oldest version that is modelled: the first with an account SAS.
    pub(crate) const OLDEST_MODELLED: Self = Self("2015-04-05");
    /// The first version in which Put Message returns the message.
    pub(crate) const MESSAGE_IN_PUT: Self = Self("2016-05-31");
    /// The first version in which a message can live longer than seven days.
    pub(crate) const LONG_TTL: Self = Self("2017-07-29");
    /// The first version that accepts access tokens.
    pub(crate) const TOKENS: Self = Self("2017-11-09");
    /// The first version in which responses have a CRC-64 checksum.
    pub(crate) const CRC64: Self = Self("2019-02-02");
    /// The first version in which an appended block may be larger than 4 MiB.
    pub(crate) const LARGE_APPENDS: Self = Self("2022-11-02");
    /// The first version whose SAS signs a line for the encryption scope.
    pub(crate) const SIGNED_ENCRYPTION_SCOPE: Self = Self("2020-12-06");

    /// Finds a published version.
    pub(crate) fn find(text: &str) -> Option<Self> {
        PUBLISHED.into_iter().find(|published| *published == text).map(Self)
    }

    /// Returns the version that a request names in its header, otherwise in its SAS.
    ///
    /// # Errors
    /// If the version is not published or not modelled.
    pub(crate) fn of(request: &Request, query: &Query<'_>) -> Result<Option<Self>, StorageError> {
        let Some(value) = request.headers().get(HEADER) else {
            return Ok(query.get("sv").and_then(Self::find));
        };
        let text = String::from_utf8_lossy(value.as_bytes());
        let version = Self::find(&text).ok_or_else(|| {
            StorageError::INVALID_HEADER_VALUE
                .with_detail("HeaderName", HEADER)
                .with_detail("HeaderValue", text)
        })?;
        if version < Self::OLDEST_MODELLED {
            let message = format!("version {} is not modelled", version.0);
            return Err(StorageError::from_status(StatusCode::NOT_IMPLEMENTED, &message));
        }
        Ok(Some(version))
    }

    /// Returns the version as written.
    pub(crate) const fn as_str(self) -> &'static str {
        self.0
    }
}
