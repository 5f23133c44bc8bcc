//! Judges conditional headers, by "Specifying conditional headers for Blob service operations".

use chrono::{DateTime, NaiveDateTime, Timelike, Utc};
use http::HeaderMap;
use http::header::{HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};

use crate::failure::Failure;

/// The version of a resource that its conditions are compared with.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stamp {
    /// The entity tag, without quotes.
    pub(super) etag: String,
    /// When it was last written.
    pub(super) modified: DateTime<Utc>,
}

/// The conditions of a request.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    matches: Option<Tags>,
    none_matches: Option<Tags>,
    modified_since: Option<DateTime<Utc>>,
    unmodified_since: Option<DateTime<Utc>>,
}

#[derive(Debug)]
enum Tags {
    Any,
    These(Vec<String>),
}

impl Tags {
    fn of(text: &str) -> Self {
        if text.trim() == "*" {
            return Self::Any;
        }
        Self::These(text.split(',').map(|tag| tag.trim().trim_matches('"').to_owned()).collect())
    }

    fn include(&self, etag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|tag| tag == etag),
        }
    }

    fn are_several(&self) -> bool {
        matches!(self, Self::These(tags) if tags.len() > 1)
    }
}

impl Conditions {
    /// Reads the conditions of a request.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Failure> {
        let text = |name: HeaderName| match headers.get(&name).map(|value| value.to_str()) {
            None => Ok(None),
            Some(Ok(text)) => Ok(Some(text)),
            Some(Err(_)) => Err(malformed(&name)),
        };
        let time = |name: HeaderName| match text(name.clone())? {
            None => Ok(None),
            Some(text) => instant(text).map(Some).ok_or_else(|| malformed(&name)),
        };
        Ok(Self {
            matches: text(IF_MATCH)?.map(Tags::of),
            none_matches: text(IF_NONE_MATCH)?.map(Tags::of),
            modified_since: time(IF_MODIFIED_SINCE)?,
            unmodified_since: time(IF_UNMODIFIED_SINCE)?,
        })
    }

    /// Tells whether the request is to succeed only where nothing is there yet.
    pub(super) fn want_absence(&self) -> bool {
        matches!(self.none_matches, Some(Tags::Any))
    }

    /// Judges a reading request: `If-Match && If-Unmodified-Since && (If-None-Match || If-Modified-Since)`.
    pub(super) fn judge_read(&self, there: Option<&Stamp>) -> Result<(), Failure> {
        if self.want_absence() {
            return Err(Failure::UNSATISFIABLE_CONDITION);
        }
        let Some(there) = there else { return self.judge_absent() };
        let modified = to_the_second(there.modified);
        let unmet = self.matches.as_ref().is_some_and(|tags| !tags.include(&there.etag))
            || self.unmodified_since.is_some_and(|since| modified > since);
        if unmet {
            return Err(Failure::CONDITION_NOT_MET);
        }
        let differs = self.none_matches.as_ref().map(|tags| !tags.include(&there.etag));
        let newer = self.modified_since.map(|since| modified > since);
        match (differs, newer) {
            (Some(true), _) | (_, Some(true)) | (None, None) => Ok(()),
            _ => Err(Failure::NOT_MODIFIED),
        }
    }

    /// Judges a writing request: by its tag, or by its time where it has none.
    pub(super) fn judge_write(&self, there: Option<&Stamp>) -> Result<(), Failure> {
        self.check_combination()?;
        let Some(there) = there else { return self.judge_absent() };
        let modified = to_the_second(there.modified);
        let met = match (&self.none_matches, &self.matches) {
            (Some(tags), _) => !tags.include(&there.etag),
            (None, Some(tags)) => tags.include(&there.etag),
            (None, None) => {
                self.modified_since.is_none_or(|since| modified > since)
                    && self.unmodified_since.is_none_or(|since| modified <= since)
            }
        };
        if met { Ok(()) } else { Err(Failure::CONDITION_NOT_MET) }
    }

    fn judge_absent(&self) -> Result<(), Failure> {
        if self.matches.is_some() { Err(Failure::CONDITION_NOT_MET) } else { Ok(()) }
    }

    /// A writing request may carry one condition, or one of the two documented pairs, each of one tag.
    fn check_combination(&self) -> Result<(), Failure> {
        let (matches, none_matches) = (self.matches.is_some(), self.none_matches.is_some());
        let (newer, older) = (self.modified_since.is_some(), self.unmodified_since.is_some());
        let crossed = (matches || older) && (none_matches || newer);
        let several = [&self.matches, &self.none_matches]
            .into_iter()
            .any(|tags| tags.as_ref().is_some_and(Tags::are_several));
        if crossed || several { Err(Failure::MULTIPLE_CONDITION_HEADERS) } else { Ok(()) }
    }
}

fn malformed(name: &HeaderName) -> Failure {
    Failure::INVALID_HEADER_VALUE.because("HeaderName", name.as_str())
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    let time = NaiveDateTime::parse_from_str(text, "%a, %d %b %Y %H:%M:%S GMT").ok()?;
    Some(time.and_utc())
}

/// Drops what a header cannot say.
fn to_the_second(time: DateTime<Utc>) -> DateTime<Utc> {
    time.with_nanosecond(0).unwrap_or(time)
}

#[cfg(test)]
mod tests;
