//! Writes log lines so that the Functions host makes one record of each, with the right level.
//!
//! The host makes a record of each line. It logs a line from stdout as information and a line from stderr as an error,
//! unless the line contains `warn` in any case: then it logs a warning (seen with the host's source of 2024-10). A
//! line of level WARN contains its level. An error about `octo/warning-app` would become a warning, so the first
//! letter of each `warn` in a line of level ERROR is written as its code: `octo/\u{77}arning-app`.

use std::io::{self, Write};

const WARNING_WORD: &[u8] = b"warn";

/// A writer of whole records: each is passed in one call, and ends in a line break.
pub(super) struct Lines<W> {
    to: W,
    is_error: bool,
}

impl<W> Lines<W> {
    /// Creates a writer of records of level ERROR.
    pub(super) fn errors(to: W) -> Self {
        Self { to, is_error: true }
    }

    /// Creates a writer of records of other levels.
    pub(super) fn others(to: W) -> Self {
        Self { to, is_error: false }
    }
}

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        self.to.write_all(&line(record, self.is_error))?;
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

fn line(record: &[u8], is_error: bool) -> Vec<u8> {
    let text = record.strip_suffix(b"\n").unwrap_or(record);
    let mut line = Vec::with_capacity(record.len());
    for (at, &byte) in text.iter().enumerate() {
        let here = text[at..].get(..WARNING_WORD.len());
        match byte {
            b'\n' => line.extend(b"\\n"),
            b'\r' => line.extend(b"\\r"),
            _ if is_error && here.is_some_and(|here| here.eq_ignore_ascii_case(WARNING_WORD)) => {
                line.extend(format!("\\u{{{byte:x}}}").bytes());
            }
            _ => line.push(byte),
        }
    }
    line.extend(&record[text.len()..]);
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(record: &str, as_error: &str, as_other: &str) {
        let written =
            |is_error| String::from_utf8(line(record.as_bytes(), is_error)).expect("text");
        assert_eq!((written(true).as_str(), written(false).as_str()), (as_error, as_other));
    }

    #[test]
    fn a_record_is_one_line_and_an_error_never_contains_warn() {
        check("all is well: größe\n", "all is well: größe\n", "all is well: größe\n");
        check(
            " ERROR repo=octo/warning-app Warn WARN war n\n",
            " ERROR repo=octo/\\u{77}arning-app \\u{57}arn \\u{57}ARN war n\n",
            " ERROR repo=octo/warning-app Warn WARN war n\n",
        );
        check("one\r\ntwo\n", "one\\r\\ntwo\n", "one\\r\\ntwo\n");
        check("wawarn", "wa\\u{77}arn", "wawarn");
        check("\n", "\n", "\n");
    }
}
