//! Reads and writes the form in which the ranges are kept for all processes.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

const VERSION: u32 = 1;

/// Ranges that were judged plausible, with the tag of the answer that had them.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The ranges; never none.
    pub ranges: Vec<IpNet>,
    /// GitHub's entity tag, by which it says that nothing has changed.
    pub tag: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct Written {
    v: u32,
    ranges: Vec<IpNet>,
    tag: Option<String>,
}

impl Kept {
    /// Reads them; nothing where another version or another program wrote, or the list is empty.
    pub fn decode(text: &[u8]) -> Option<Self> {
        let Written { v, ranges, tag } = serde_json::from_slice(text).ok()?;
        (v == VERSION && !ranges.is_empty()).then_some(Self { ranges, tag })
    }

    /// Writes them.
    pub fn encode(&self) -> Vec<u8> {
        let Self { ranges, tag } = self.clone();
        let written = Written { v: VERSION, ranges, tag };
        serde_json::to_vec(&written).expect("plain fields always serialize")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let ranges = vec!["140.82.112.0/20".parse().expect("a network")];
        let kept = Kept { ranges, tag: Some("W/\"a\"".to_owned()) };
        let text = r#"{"v":1,"ranges":["140.82.112.0/20"],"tag":"W/\"a\""}"#;
        assert_eq!(String::from_utf8_lossy(&kept.encode()), text);
        assert_eq!(Kept::decode(text.as_bytes()), Some(kept));
    }

    #[test]
    fn anything_else_is_nothing() {
        let cases = ["", "{}", r#"{"v":2,"ranges":["140.82.112.0/20"]}"#, r#"{"v":1,"ranges":[]}"#];
        for text in cases {
            assert_eq!(Kept::decode(text.as_bytes()), None, "{text}");
        }
    }
}
