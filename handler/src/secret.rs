//! Holds what must never be printed.

use std::fmt;

use url::Url;

/// A secret value: it has no `Display`, and its `Debug` form shows nothing of it.
#[derive(Clone, Eq, PartialEq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// Lends the value, to sign or to send with it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// An address whose query may hold a shared access signature: its `Debug` form leaves the query out.
#[derive(Clone, PartialEq)]
pub struct SignedUrl(Url);

impl SignedUrl {
    /// Wraps an address.
    pub fn new(url: Url) -> Self {
        Self(url)
    }

    /// Lends the whole address, to send to it.
    pub fn expose(&self) -> &Url {
        &self.0
    }

    /// Tells whether the address itself authorizes whoever sends to it.
    pub fn is_signed(&self) -> bool {
        self.0.query_pairs().any(|(name, _)| name == "sig")
    }

    /// Appends a part to the path, before the signature.
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

/// A secret during its rotation: the newest value signs, each value verifies.
///
/// Whoever holds the older value goes on until it has been told the newer, so that a rotation loses nothing.
#[derive(Clone, Debug)]
pub struct Rotating {
    newest: Secret,
    older: Option<Secret>,
}

impl Rotating {
    /// Reads one value, or two with a comma between them, newest first.
    ///
    /// # Errors
    /// There is no value, an empty one, or more than two.
    pub fn parse(text: &str) -> Result<Self, NotOneOrTwo> {
        let mut values = text.split(',').map(str::trim);
        let newest = values.next().filter(|value| !value.is_empty()).ok_or(NotOneOrTwo)?;
        let older = values.next();
        if older == Some("") || values.next().is_some() {
            return Err(NotOneOrTwo);
        }
        Ok(Self { newest: Secret::new(newest), older: older.map(Secret::new) })
    }

    /// Lends the value to sign with.
    pub fn newest(&self) -> &Secret {
        &self.newest
    }

    /// Lends every value that still verifies, newest first.
    pub fn all(&self) -> impl Iterator<Item = &Secret> {
        std::iter::once(&self.newest).chain(&self.older)
    }
}

/// A rotating secret is one value or two.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("takes one value, or two with a comma between them (the newest first), none of them empty")]
pub struct NotOneOrTwo;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_cannot_be_printed() {
        let rotating = Rotating::parse("hunter2, hunter1").expect("two values");
        assert!(!format!("{rotating:?}").contains("hunter"));
        assert_eq!(rotating.all().map(Secret::expose).collect::<Vec<_>>(), ["hunter2", "hunter1"]);
    }

    #[test]
    fn a_signed_address_is_printed_without_its_signature() {
        let url = SignedUrl::new("https://a/b?sv=1&sig=hush".parse().expect("an address"));
        assert_eq!(format!("{:?}", url.join("c")), "SignedUrl(https://a/b/c)");
        assert_eq!(url.join("c").expose().as_str(), "https://a/b/c?sv=1&sig=hush");
        assert!(url.is_signed());
    }

    #[test]
    fn a_rotating_secret_is_one_value_or_two() {
        assert!(Rotating::parse("one").is_ok());
        for faulty in ["", ",", "one,", ",two", "one,two,three"] {
            assert_eq!(Rotating::parse(faulty).err(), Some(NotOneOrTwo), "{faulty:?}");
        }
    }
}
