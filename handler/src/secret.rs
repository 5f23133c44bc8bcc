//! Values that must never be printed.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// Minimum length of a secret with which requests are signed, in bytes.
pub const MIN_SECRET_LENGTH: usize = 16;

/// A secret value. It has no `Display`, its `Debug` form shows nothing of it, and its memory is overwritten on drop.
#[derive(Clone, Debug)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(SecretString::from(value.into()))
    }

    /// Returns the value, to sign with it or to send it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// A URL whose query may contain a shared access signature. Its `Debug` form omits the query.
#[derive(Clone, PartialEq)]
pub struct SignedUrl(Url);

impl SignedUrl {
    /// Wraps a URL.
    pub fn new(url: Url) -> Self {
        Self(url)
    }

    /// Returns the whole URL, to send a request to it.
    pub fn expose(&self) -> &Url {
        &self.0
    }

    /// Returns whether the URL contains a signature, so that a request needs no other credential.
    pub fn is_signed(&self) -> bool {
        self.0.query_pairs().any(|(name, _)| name == "sig")
    }

    /// Appends a segment to the path, and keeps the query.
    #[must_use]
    pub fn join(&self, part: &str) -> Self {
        let mut url = self.0.clone();
        url.set_path(&format!("{}/{part}", self.0.path().trim_end_matches('/')));
        Self(url)
    }
}

impl fmt::Debug for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.0.clone();
        url.set_query(None);
        write!(f, "SignedUrl({url})")
    }
}

/// A secret that may be in rotation: the newest value signs, and each value verifies.
///
/// A sender that has the older value may continue to use it until it gets the newer one, so a rotation loses nothing.
#[derive(Clone, Debug)]
pub struct Rotating {
    newest: Secret,
    older: Option<Secret>,
}

impl Rotating {
    /// Parses one value, or two that are separated by a comma, the newest first.
    ///
    /// # Errors
    /// When there is no value, more than two, or one that is too short to resist guessing.
    pub fn parse(text: &str) -> Result<Self, BadSecret> {
        let values: Vec<&str> = text.split(',').map(str::trim).collect();
        let (newest, older) = match values[..] {
            [newest] => (newest, None),
            [newest, older] => (newest, Some(older)),
            _ => return Err(BadSecret::TooMany),
        };
        if values.iter().any(|value| value.len() < MIN_SECRET_LENGTH) {
            return Err(BadSecret::TooShort);
        }
        Ok(Self { newest: Secret::new(newest), older: older.map(Secret::new) })
    }

    /// Returns the value to sign with.
    pub fn newest(&self) -> &Secret {
        &self.newest
    }

    /// Returns all values that verify, the newest first.
    pub fn all(&self) -> impl Iterator<Item = &Secret> {
        std::iter::once(&self.newest).chain(&self.older)
    }
}

/// A text that is not one or two secrets.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum BadSecret {
    /// A comma separates more than two values.
    #[error("must be one value, or two separated by a comma, the newest first")]
    TooMany,
    /// A value is empty or too short; both sides of a comma are values.
    #[error("must have {MIN_SECRET_LENGTH} characters or more on each side of a comma")]
    TooShort,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_cannot_be_printed() {
        let rotating = Rotating::parse("hunter2-hunter2-, hunter1-hunter1-").expect("two values");
        assert!(!format!("{rotating:?}").contains("hunter"));
        let values: Vec<_> = rotating.all().map(Secret::expose).collect();
        assert_eq!(values, ["hunter2-hunter2-", "hunter1-hunter1-"]);
    }

    #[test]
    fn a_signed_url_is_printed_without_its_signature() {
        let url = SignedUrl::new("https://a/b?sv=1&sig=hush".parse().expect("a URL"));
        assert_eq!(format!("{:?}", url.join("c")), "SignedUrl(https://a/b/c)");
        assert_eq!(url.join("c").expose().as_str(), "https://a/b/c?sv=1&sig=hush");
        assert!(url.is_signed());
    }

    #[test]
    fn a_rotating_secret_is_one_value_or_two() {
        let (one, two) = ("0123456789abcdef", "fedcba9876543210");
        assert!(Rotating::parse(one).is_ok() && Rotating::parse(&format!("{one},{two}")).is_ok());
        for faulty in
            ["", ",", "0123456789abcde", &format!("{one},"), &format!(",{two}"), "0123456,9abcdefg"]
        {
            assert_eq!(Rotating::parse(faulty).err(), Some(BadSecret::TooShort), "{faulty:?}");
        }
        let three = format!("{one},{two},{one}");
        assert_eq!(Rotating::parse(&three).err(), Some(BadSecret::TooMany));
    }
}
