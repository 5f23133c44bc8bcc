//! The lexer: splits a formula into tokens.

use crate::deallocation::DeallocationOption;
use crate::error::{Error, Position};

/// A token and its position.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'s> {
    pub(crate) kind: Kind<'s>,
    pub(crate) at: Position,
}

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind<'s> {
    Number(f64),
    Text(&'s str),
    Name(&'s str),
    Option(DeallocationOption),
    /// An operator or a delimiter.
    Symbol(&'static str),
    End,
}

/// Longer symbols precede their prefixes.
const SYMBOLS: [&str; 23] = [
    "<=", ">=", "==", "!=", "&&", "||", "<", ">", "=", "!", "+", "-", "*", "/", "?", ":", ";", ",",
    ".", "(", ")", "[", "]",
];

/// Splits a formula into tokens. The last one is [`Kind::End`].
pub(crate) fn tokens(source: &str) -> Result<Vec<Token<'_>>, Error> {
    let mut lexer = Lexer { rest: source, at: Position { line: 1, column: 1 } };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_space();
        let at = lexer.at;
        let kind = lexer.next()?;
        tokens.push(Token { kind, at });
        if kind == Kind::End {
            return Ok(tokens);
        }
    }
}

struct Lexer<'s> {
    rest: &'s str,
    at: Position,
}

impl<'s> Lexer<'s> {
    fn next(&mut self) -> Result<Kind<'s>, Error> {
        let Some(first) = self.rest.chars().next() else {
            return Ok(Kind::End);
        };
        if first.is_ascii_digit() {
            return Ok(self.number());
        }
        if first == '"' {
            return self.text();
        }
        if first == '$' || first == '_' || first.is_ascii_alphabetic() {
            return self.name();
        }
        let symbol = SYMBOLS.into_iter().find(|symbol| self.rest.starts_with(symbol));
        let Some(symbol) = symbol else {
            return Err(Error::syntax(self.at, format!("unexpected character {first:?}")));
        };
        self.take(symbol.len());
        Ok(Kind::Symbol(symbol))
    }

    fn number(&mut self) -> Kind<'s> {
        let whole = length_while(self.rest, |c| c.is_ascii_digit());
        let length = match self.rest[whole..].strip_prefix('.') {
            Some(fraction) => whole + 1 + length_while(fraction, |c| c.is_ascii_digit()),
            None => whole,
        };
        let digits = self.take(length);
        Kind::Number(digits.parse().expect("digits around a point are a number"))
    }

    fn text(&mut self) -> Result<Kind<'s>, Error> {
        let Some(length) = self.rest[1..].find('"') else {
            return Err(Error::syntax(self.at, "a string without its closing quote"));
        };
        let quoted = self.take(length + 2);
        Ok(Kind::Text(&quoted[1..=length]))
    }

    fn name(&mut self) -> Result<Kind<'s>, Error> {
        let dollar = usize::from(self.rest.starts_with('$'));
        let word = |c: char| c == '_' || c.is_ascii_alphanumeric();
        let length = length_while(&self.rest[dollar..], word);
        if length == 0 || self.rest[dollar..].starts_with(|c: char| c.is_ascii_digit()) {
            return Err(Error::syntax(self.at, "'$' without a name"));
        }
        let name = self.take(dollar + length);
        Ok(DeallocationOption::from_word(name).map_or(Kind::Name(name), Kind::Option))
    }

    /// Skips white space, line breaks and comments.
    fn skip_space(&mut self) {
        loop {
            let length = if self.rest.starts_with("//") {
                self.rest.find('\n').unwrap_or(self.rest.len())
            } else {
                length_while(self.rest, char::is_whitespace)
            };
            if length == 0 {
                return;
            }
            self.take(length);
        }
    }

    /// Takes `length` bytes and advances the position.
    fn take(&mut self, length: usize) -> &'s str {
        let (taken, rest) = self.rest.split_at(length);
        for character in taken.chars() {
            if character == '\n' {
                self.at = Position { line: self.at.line + 1, column: 1 };
            } else {
                self.at.column += 1;
            }
        }
        self.rest = rest;
        taken
    }
}

fn length_while(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}
