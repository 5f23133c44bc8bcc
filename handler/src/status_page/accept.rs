//! Decides from `Accept` whether a request wants the page or the data.

/// Returns whether the values of `Accept` prefer HTML to JSON, as a browser's do when a person opens an address. A client
/// that accepts both alike, such as curl with `*/*`, gets the data.
pub fn prefers_html<'a>(accept: impl IntoIterator<Item = &'a str>) -> bool {
    let (mut html, mut json) = (Weight::default(), Weight::default());
    for range in accept.into_iter().flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let range = parts.next().unwrap_or_default().to_ascii_lowercase();
        let quality = quality(parts);
        html.consider("text/html", &range, quality);
        json.consider("application/json", &range, quality);
    }
    html.quality > json.quality
}

/// The quality of a media type: that of the most specific range which includes it.
/// <https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1>
#[derive(Default)]
struct Weight {
    specificity: u8,
    quality: u16,
}

impl Weight {
    fn consider(&mut self, media_type: &str, range: &str, quality: u16) {
        let specificity = match range.strip_suffix("/*") {
            _ if range == media_type => 3,
            Some("*") => 1,
            Some(kind) if media_type.starts_with(&format!("{kind}/")) => 2,
            _ => return,
        };
        if specificity > self.specificity {
            *self = Self { specificity, quality };
        }
    }
}

/// Returns the quality of a range in thousandths. One that cannot be read counts as none.
fn quality<'a>(parameters: impl Iterator<Item = &'a str>) -> u16 {
    let pairs = parameters.filter_map(|parameter| parameter.split_once('='));
    let value = pairs.into_iter().find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    let Some((_, value)) = value else { return 1000 };
    let (whole, fraction) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    match (whole, format!("{fraction:0<3}").parse::<u16>()) {
        ("0", Ok(thousandths)) if fraction.len() <= 3 => thousandths,
        ("1", Ok(0)) if fraction.len() <= 3 => 1000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_preference_for_html_gets_the_page() {
        let chromium =
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";
        let html = [
            chromium,
            "text/html",
            "TEXT/HTML; charset=utf-8",
            "text/*",
            "text/html, application/json;q=0.9",
            "application/json;q=0.5,text/html;q=0.501",
            "*/*;q=0.1, text/html;Q=0.2",
            "text/html;level=1;q=0.3",
        ];
        for accept in html {
            assert!(prefers_html([accept]), "{accept}");
        }
        let json = [
            "",
            "*/*",
            "application/json",
            "application/json, text/html",
            "application/json, text/html;q=0.9, */*;q=0.8",
            "text/html;q=0, */*",
            "text/html;q=0",
            "text/html;q=x",
            "text/html;q=1.5",
            "text/htmlx",
            "text/plain",
            "application/*, text/*;q=0.5",
            ",;,/;q=,*",
        ];
        for accept in json {
            assert!(!prefers_html([accept]), "{accept}");
        }
        assert!(!prefers_html([]), "no header");
        assert!(prefers_html(["application/json;q=0.1", "text/html"]), "two headers");
    }
}
