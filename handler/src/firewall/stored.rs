//! The format of the blob in which the webhook ranges are stored for all processes.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

const VERSION: u32 = 1;

/// Validated ranges, with the entity tag of the response that contained them.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRanges {
    /// The ranges; never empty.
    pub ranges: Vec<IpNet>,
    /// GitHub's entity tag, for conditional requests.
    pub tag: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct Blob {
    v: u32,
    ranges: Vec<IpNet>,
    tag: Option<String>,
}

impl StoredRanges {
    /// Decodes a blob. Returns `None` if another version or another program wrote it, or if the list is empty.
    pub fn decode(text: &[u8]) -> Option<Self> {
        let Blob { v, ranges, tag } = serde_json::from_slice(text).ok()?;
        (v == VERSION && !ranges.is_empty()).then_some(Self { ranges, tag })
    }

    /// Encodes the blob.
    pub fn encode(&self) -> Vec<u8> {
        let Self { ranges, tag } = self.clone();
        let blob = Blob { v: VERSION, ranges, tag };
        serde_json::to_vec(&blob).expect("plain fields always serialize")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_ranges_read_back_as_they_were_written() {
        let ranges = vec!["140.82.112.0/20".parse().expect("a network")];
        let stored = StoredRanges { ranges, tag: Some("W/\"a\"".to_owned()) };
        let text = r#"{"v":1,"ranges":["140.82.112.0/20"],"tag":"W/\"a\""}"#;
        assert_eq!(String::from_utf8_lossy(&stored.encode()), text);
        assert_eq!(StoredRanges::decode(text.as_bytes()), Some(stored));
    }

    #[test]
    fn a_blob_of_another_format_counts_as_missing() {
        let cases = ["", "{}", r#"{"v":2,"ranges":["140.82.112.0/20"]}"#, r#"{"v":1,"ranges":[]}"#];
        for text in cases {
            assert_eq!(StoredRanges::decode(text.as_bytes()), None, "{text}");
        }
    }
}
