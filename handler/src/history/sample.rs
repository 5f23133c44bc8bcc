//! Samples of the load: one line of JSON for each, and a line that names the pools whenever they change.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A line about samples.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
pub enum SampleLine {
    /// The pools to which the numbers of nodes in the following samples belong.
    Pools {
        /// The pools in the order of these numbers.
        pools: Vec<PoolSample>,
    },
    /// The load at one time.
    Sample(Sample),
}

/// The load at one time.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Sample {
    /// The time, in seconds since 1970.
    #[serde(rename = "a")]
    pub at: i64,
    /// The jobs that waited.
    #[serde(rename = "w")]
    pub waiting: u32,
    /// The tasks that ran.
    #[serde(rename = "r")]
    pub running: u32,
    /// The nodes of each pool.
    #[serde(rename = "n")]
    pub nodes: Vec<u32>,
}

/// A pool whose nodes are counted.
#[derive(Clone, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct PoolSample {
    /// Its name.
    #[serde(rename = "p")]
    pub pool: String,
    /// The VM size of its nodes, if Batch reports it.
    #[serde(rename = "v", default)]
    pub vm_size: Option<String>,
    /// The task slots of a node.
    #[serde(rename = "l", default)]
    pub slots: u32,
}

impl SampleLine {
    /// Returns the line.
    pub fn line(&self) -> String {
        serde_json::to_string(self).expect("plain fields always serialize") + "\n"
    }

    /// Reads lines; returns what they say, and how many lines cannot be read.
    pub fn parse_lines(bytes: &[u8]) -> (Vec<Self>, usize) {
        lines(bytes)
    }
}

/// Parses each line that is not empty; returns also how many are not of this form.
pub(super) fn lines<T: DeserializeOwned>(bytes: &[u8]) -> (Vec<T>, usize) {
    let lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let mut unreadable = 0;
    let read = lines.filter_map(|line| {
        let parsed = serde_json::from_slice(line).ok();
        unreadable += usize::from(parsed.is_none());
        parsed
    });
    (read.collect(), unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_of_ten_pools_has_at_most_100_bytes() {
        let sample =
            Sample { at: 1_795_000_000, waiting: 500, running: 1000, nodes: vec![100; 10] };
        let line = SampleLine::Sample(sample.clone()).line();
        assert!(line.len() <= 100, "{} bytes", line.len());
        assert_eq!(SampleLine::parse_lines(line.as_bytes()), (vec![SampleLine::Sample(sample)], 0));
    }

    #[test]
    fn the_line_of_the_pools_is_read_as_it_was_written() {
        let pool = PoolSample { pool: "ubuntu".to_owned(), vm_size: None, slots: 2 };
        let line = SampleLine::Pools { pools: vec![pool] };
        assert_eq!(SampleLine::parse_lines(line.line().as_bytes()), (vec![line], 0));
    }
}
