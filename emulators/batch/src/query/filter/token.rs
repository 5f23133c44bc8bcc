//! The tokens of a filter.

use std::fmt::{self, Display, Formatter};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

/// A token of a filter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Open,
    Close,
    Comma,
    Word(String),
    Text(String),
    Number(i64),
    Time(DateTime<Utc>),
}

impl Display for Token {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("("),
            Self::Close => f.write_str(")"),
            Self::Comma => f.write_str(","),
            Self::Word(word) => f.write_str(word),
            Self::Text(text) => write!(f, "'{text}'"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Time(time) => write!(f, "{time}"),
        }
    }
}

/// Splits a filter into tokens.
pub(super) fn tokens(mut rest: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    while let Some(letter) = rest.chars().next() {
        let token = match letter {
            ' ' | '\t' => None,
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            ',' => Some(Token::Comma),
            _ => {
                let (token, after) = quoted_or_word(rest)?;
                tokens.push(token);
                rest = after;
                continue;
            }
        };
        tokens.extend(token);
        rest = &rest[1..];
    }
    Ok(tokens)
}

/// Reads a quoted string, a time, a number or a name, and returns it with the rest.
fn quoted_or_word(text: &str) -> Result<(Token, &str), String> {
    if let Some(quoted) = text.strip_prefix('\'') {
        let (text, rest) = unquote(quoted)?;
        return Ok((Token::Text(text), rest));
    }
    let length = text.find([' ', '\t', '(', ')', ',', '\'']).unwrap_or(text.len());
    let (word, rest) = text.split_at(length);
    if let Some(quoted) = rest.strip_prefix('\'') {
        let (time, rest) = unquote(quoted)?;
        let time = parse_time(&time).filter(|_| word.eq_ignore_ascii_case("datetime"));
        let time = time.ok_or_else(|| format!("unexpected {word} before a quote"))?;
        return Ok((Token::Time(time), rest));
    }
    let number = word.parse().map(Token::Number).ok();
    let token = number.or_else(|| parse_time(word).map(Token::Time));
    Ok((token.unwrap_or_else(|| Token::Word(word.to_owned())), rest))
}

/// Parses a time in one of the
/// [documented formats](https://learn.microsoft.com/rest/api/batchservice/common-parameters-and-headers):
/// a date alone, or with minutes or seconds and a zone.
fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let date = || text.parse().ok().map(|date: NaiveDate| date.and_time(NaiveTime::MIN).and_utc());
    let minutes =
        || DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M%#z").ok().map(|time| time.to_utc());
    text.parse().ok().or_else(minutes).or_else(date)
}

/// Reads up to the closing quote. Two quotes mean one.
fn unquote(text: &str) -> Result<(String, &str), String> {
    let mut read = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('\'').ok_or("missing closing quote")?;
        read.push_str(part);
        match after.strip_prefix('\'') {
            Some(after) => {
                read.push('\'');
                rest = after;
            }
            None => return Ok((read, after)),
        }
    }
}
