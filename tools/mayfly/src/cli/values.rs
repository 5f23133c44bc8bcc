//! The formats of options, each with an error that shows an example.

use chrono::{DateTime, NaiveDate, Utc};
use url::Url;

/// Reads the URL of the functions.
pub(super) fn url(text: &str) -> Result<Url, String> {
    let example = "write the URL of the functions, such as https://mine.azurewebsites.net/api";
    let url = Url::parse(text).map_err(|_| example.to_owned())?;
    match matches!(url.scheme(), "http" | "https") && url.has_host() {
        true => Ok(url),
        false => Err(example.to_owned()),
    }
}

/// Reads the URL of GitHub's API.
pub(super) fn github_api(text: &str) -> Result<Url, String> {
    let example = "write the URL of the API, such as https://git.example/api/v3";
    Url::parse(text).ok().filter(Url::has_host).ok_or_else(|| example.to_owned())
}

/// Reads a label of a runner or a job.
pub(super) fn label(text: &str) -> Result<String, String> {
    match text.is_empty() || text.contains([' ', ',']) {
        true => Err("a label is a word without blanks and commas".to_owned()),
        false => Ok(text.to_owned()),
    }
}

/// Reads a time.
pub(super) fn time(text: &str) -> Result<DateTime<Utc>, String> {
    text.parse().map_err(|_| "write a time such as 2026-11-23T00:00:00Z".to_owned())
}

/// Reads a month, and returns its first day.
pub(super) fn month(text: &str) -> Result<NaiveDate, String> {
    let first = format!("{text}-01").parse().ok().filter(|_| text.len() == 7);
    first.ok_or_else(|| "write a month such as 2026-11".to_owned())
}

/// Reads the price of an hour of a VM size.
pub(super) fn price(text: &str) -> Result<(String, f64), String> {
    let read = text
        .split_once('=')
        .and_then(|(size, price)| Some((size.trim(), price.trim().parse::<f64>().ok()?)));
    let valid = read.filter(|(size, price)| !size.is_empty() && price.is_finite() && *price >= 0.0);
    let valid = valid.map(|(size, price)| (size.to_owned(), price));
    valid.ok_or_else(|| {
        "write a VM size and the price of its hour, such as Standard_D4s_v5=0.192".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_another_format_is_answered_with_an_example() {
        for wrong in ["", "mine", "ftp://mine/api", "file:///api", "https://"] {
            assert!(url(wrong).is_err_and(|err| err.contains("https://mine")), "{wrong}");
        }
        assert!(url("http://127.0.0.1:7071/api").is_ok());
        for wrong in ["", "now", "2026-11-23", "2026-11-23 00:00"] {
            assert!(time(wrong).is_err_and(|err| err.contains("2026-11-23T00")), "{wrong}");
        }
        assert!(time("2026-11-23T01:00:00+01:00").is_ok());
        for wrong in ["", "2026", "2026-13", "2026-1", "2026-11-30"] {
            assert!(month(wrong).is_err_and(|err| err.contains("2026-11")), "{wrong}");
        }
        assert!(month("2026-02").is_ok());
        for wrong in ["", "0.2", "=0.2", "D4=", "D4=x", "D4=-1", "D4=inf", "D4=NaN"] {
            assert!(price(wrong).is_err_and(|err| err.contains("=0.192")), "{wrong}");
        }
        assert_eq!(price("Standard_D4s_v5=0.2"), Ok(("Standard_D4s_v5".to_owned(), 0.2)));
    }
}
