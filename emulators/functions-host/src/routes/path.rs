//! The path of a request, as the host's web server decodes it.

use percent_encoding::percent_decode_str;

/// Returns a path with its escapes decoded, except `%2F`, and without the segments `.` and `..`, as Kestrel does.
///
/// <https://github.com/dotnet/aspnetcore/tree/main/src/Servers/Kestrel/Core/src/Internal/Http> has the rules.
pub(crate) fn decoded(path: &str) -> String {
    without_dot_segments(&decode(path))
}

/// Decodes the escapes of a path. A sequence that is not UTF-8 stays as it is.
fn decode(path: &str) -> String {
    let protected = path.replace("%2F", "%252F").replace("%2f", "%252f");
    match percent_decode_str(&protected).decode_utf8() {
        Ok(text) => text.into_owned(),
        Err(_) => path.to_owned(),
    }
}

fn without_dot_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." if kept.len() > 1 => drop(kept.pop()),
            ".." => {}
            other => {
                kept.push(other);
                continue;
            }
        }
        if is_last {
            kept.push("");
        }
    }
    kept.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_decoded_as_by_kestrel() {
        let cases = [
            ("/api/%50rovide", "/api/Provide"),
            ("/%61pi/a%20b", "/api/a b"),
            ("/api/a%2Fb%2fc", "/api/a%2Fb%2fc"),
            ("/api/a%252Fb", "/api/a%2Fb"),
            ("/api/%C3%BC", "/api/ü"),
            ("/api/%FF", "/api/%FF"),
            ("/api/./x/../Hook", "/api/Hook"),
            ("/api/%2e%2E/Hook", "/Hook"),
            ("/../api/x/..", "/api/"),
            ("//api//Hook", "//api//Hook"),
            ("/", "/"),
        ];
        for (path, expected) in cases {
            assert_eq!(decoded(path), expected, "{path}");
        }
    }
}
