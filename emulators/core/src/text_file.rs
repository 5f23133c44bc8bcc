//! Text files that users write: UTF-8, with or without a byte order mark. `-` is stdin.

use std::io::{Error, ErrorKind, Read, Result};
use std::path::{Display, Path};
use std::sync::atomic::{AtomicBool, Ordering};

/// The path that stands for stdin.
const STDIN: &str = "-";

static STDIN_IS_READ: AtomicBool = AtomicBool::new(false);

/// Reads a text file. Windows editors and PowerShell write a byte order mark, which is skipped.
///
/// # Errors
/// The file cannot be read, or its encoding is not UTF-8.
pub fn read(path: &Path) -> Result<String> {
    if path != Path::new(STDIN) {
        return decode(std::fs::read(path)?);
    }
    if STDIN_IS_READ.swap(true, Ordering::Relaxed) {
        return Err(Error::new(ErrorKind::InvalidInput, "stdin can be read once only"));
    }
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes)?;
    decode(bytes)
}

/// Returns the name of a file for messages.
pub fn name(path: &Path) -> Display<'_> {
    if path == Path::new(STDIN) { Path::new("stdin").display() } else { path.display() }
}

fn decode(bytes: Vec<u8>) -> Result<String> {
    let invalid = |problem: &str| Error::new(ErrorKind::InvalidData, problem);
    // Text in UTF-16 without a byte order mark has a zero in nearly every other byte.
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) || bytes.contains(&0) {
        return Err(invalid("the file is encoded in UTF-16; save it as UTF-8"));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| invalid("the file is not encoded in UTF-8; save it as UTF-8"))?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_skipped_and_another_encoding_is_named() {
        let utf_16 = "failed: the file is encoded in UTF-16; save it as UTF-8";
        let cases: [(&[u8], &str); 7] = [
            (b"a = 1", "a = 1"),
            (b"\xEF\xBB\xBFa = 1", "a = 1"),
            (b"\xEF\xBB\xBF", ""),
            (b"\xFF\xFEa\0", utf_16),
            (b"\xFE\xFF\0a", utf_16),
            (b"a\0 \0=\0", utf_16),
            (b"a\xE4", "failed: the file is not encoded in UTF-8; save it as UTF-8"),
        ];
        for (bytes, expected) in cases {
            let text = decode(bytes.to_vec()).unwrap_or_else(|err| format!("failed: {err}"));
            assert_eq!(text, expected, "{bytes:?}");
        }
    }
}
