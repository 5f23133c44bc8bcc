//! The names of the daily blobs: `history/jobs/2026-11-30.jsonl`, and `…-2.jsonl` if that one is full.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Above this number of blocks or bytes, the next blob is written. Azure allows 50,000 blocks.
const MAX_BLOCKS: u32 = 49_900;
const MAX_BYTES: u64 = 64 << 20;
/// The last part of a day.
const MAX_PART: u32 = 99;

/// A folder of the history.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Folder {
    /// The records of ended tasks.
    Jobs,
    /// The samples of the load.
    Samples,
}

impl Folder {
    /// Returns the common beginning of the names of its blobs.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Jobs => "history/jobs/",
            Self::Samples => "history/samples/",
        }
    }
}

/// The name of a daily blob.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct BlobName {
    /// The folder.
    pub folder: Folder,
    /// The day on which it is written, in UTC.
    pub day: NaiveDate,
    /// Its number among those of the day, from 1.
    pub part: u32,
}

impl BlobName {
    /// Parses a name in a folder; `None` if it is none of a daily blob.
    pub fn parse(folder: Folder, name: &str) -> Option<Self> {
        let stem = name.strip_prefix(folder.prefix())?.strip_suffix(".jsonl")?;
        let (day, part) = stem.split_at_checked(10)?;
        let part = match part {
            "" => 1,
            part => part.strip_prefix('-')?.parse().ok().filter(|&part| part > 1)?,
        };
        let parsed = Self { folder, day: day.parse().ok()?, part };
        (parsed.to_string() == name).then_some(parsed)
    }
}

impl std::fmt::Display for BlobName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.folder.prefix(), self.day)?;
        if self.part > 1 {
            write!(f, "-{}", self.part)?;
        }
        f.write_str(".jsonl")
    }
}

/// The place behind the last line of a folder.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Position {
    /// The day.
    pub day: NaiveDate,
    /// The blob of that day.
    pub part: u32,
    /// The length of the blob; 0 if it may not exist.
    pub length: u64,
    /// The number of its blocks.
    pub blocks: u32,
}

impl Position {
    /// Returns the place for lines that are written on a day, after the last ones.
    pub fn on(day: NaiveDate, last: Option<Self>) -> Self {
        let first = Self { day, part: 1, length: 0, blocks: 0 };
        match last.filter(|last| last.day == day) {
            Some(last) if last.is_full() => last.next(),
            Some(last) => last,
            None => first,
        }
    }

    /// Returns the beginning of the next blob of the day.
    #[must_use]
    pub fn next(self) -> Self {
        Self { part: (self.part + 1).min(MAX_PART), length: 0, blocks: 0, ..self }
    }

    /// Returns the name of the blob.
    pub fn name(self, folder: Folder) -> BlobName {
        BlobName { folder, day: self.day, part: self.part }
    }

    fn is_full(self) -> bool {
        self.blocks >= MAX_BLOCKS || self.length >= MAX_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 30).expect("a day")
    }

    #[test]
    fn only_names_of_daily_blobs_are_parsed() {
        for part in [1, 2, 10] {
            let name = BlobName { folder: Folder::Samples, day: day(), part };
            assert_eq!(BlobName::parse(Folder::Samples, &name.to_string()), Some(name));
            assert_eq!(BlobName::parse(Folder::Jobs, &name.to_string()), None);
        }
        for other in [
            "",
            "2026-11-30",
            "2026-11-30-1.jsonl",
            "2026-11-30-02.jsonl",
            "2026-11-31.jsonl",
            "2026-11-3ä.jsonl",
        ] {
            assert_eq!(
                BlobName::parse(Folder::Jobs, &format!("history/jobs/{other}")),
                None,
                "{other}"
            );
        }
    }

    #[test]
    fn a_new_day_or_a_full_blob_begins_the_next_one() {
        let last = Position { day: day(), part: 1, length: 900, blocks: 3 };
        assert_eq!(Position::on(day(), Some(last)), last);
        let begun = |day, part| Position { day, part, length: 0, blocks: 0 };
        assert_eq!(Position::on(day().succ_opt().expect("a day"), Some(last)).part, 1);
        assert_eq!(Position::on(day(), None), begun(day(), 1));
        let full = Position { blocks: MAX_BLOCKS, ..last };
        assert_eq!(Position::on(day(), Some(full)), begun(day(), 2));
        assert_eq!(
            Position::on(day(), Some(full)).name(Folder::Jobs).to_string(),
            "history/jobs/2026-11-30-2.jsonl"
        );
    }
}
