//! The grammar of filters.

use std::borrow::Cow;
use std::iter::Peekable;
use std::vec::IntoIter;

use super::token::{Token, tokens};
use super::{Comparison, Field, Operand, Term};

/// A recursive-descent parser: `and` binds tighter than `or`.
pub(super) struct Parser {
    tokens: Peekable<IntoIter<Token>>,
    fields: &'static [(&'static str, Field)],
    depth: u32,
}

impl Parser {
    /// Parses a whole filter.
    pub(super) fn read(
        text: &str,
        fields: &'static [(&'static str, Field)],
    ) -> Result<Term, String> {
        let mut parser = Self { tokens: tokens(text)?.into_iter().peekable(), fields, depth: 0 };
        let term = parser.disjunction()?;
        match parser.tokens.next() {
            Some(token) => Err(format!("unexpected {token}")),
            None => Ok(term),
        }
    }

    fn disjunction(&mut self) -> Result<Term, String> {
        let mut terms = vec![self.conjunction()?];
        while self.accept_word("or") {
            terms.push(self.conjunction()?);
        }
        Ok(Term::Any(terms))
    }

    fn conjunction(&mut self) -> Result<Term, String> {
        let mut terms = vec![self.term()?];
        while self.accept_word("and") {
            terms.push(self.term()?);
        }
        Ok(Term::All(terms))
    }

    fn term(&mut self) -> Result<Term, String> {
        match self.take()? {
            Token::Open => {
                self.depth += 1;
                if self.depth > 32 {
                    return Err("too many parentheses are open".to_owned());
                }
                let term = self.disjunction()?;
                self.depth -= 1;
                self.expect(&Token::Close)?;
                Ok(term)
            }
            Token::Word(word) if word.eq_ignore_ascii_case("startswith") => self.starts_with(),
            Token::Word(word) => self.comparison(&word),
            token => Err(format!("unexpected {token}")),
        }
    }

    fn starts_with(&mut self) -> Result<Term, String> {
        self.expect(&Token::Open)?;
        let (property, field) = match self.take()? {
            Token::Word(word) => self.field(&word)?,
            token => return Err(format!("{token} is not a property")),
        };
        if !matches!(field, Field::Text | Field::Prefix) {
            return Err(format!("startswith does not apply to {property}"));
        }
        self.expect(&Token::Comma)?;
        let Token::Text(prefix) = self.take()? else {
            return Err("startswith takes a quoted text".to_owned());
        };
        self.expect(&Token::Close)?;
        Ok(Term::StartsWith { property, prefix })
    }

    fn comparison(&mut self, word: &str) -> Result<Term, String> {
        let (property, field) = self.field(word)?;
        let comparison = match self.take()? {
            Token::Word(word) => Comparison::of(&word),
            _ => None,
        };
        let comparison = comparison.filter(|op| field.allows(*op));
        let comparison = comparison.ok_or(format!("that operator does not apply to {property}"))?;
        let with = operand(property, field, self.take()?)?;
        Ok(Term::Compare { property, comparison, with })
    }

    fn field(&self, name: &str) -> Result<(&'static str, Field), String> {
        let found = self.fields.iter().find(|(field, _)| *field == name);
        found.copied().ok_or_else(|| format!("{name} cannot be filtered by"))
    }

    fn take(&mut self) -> Result<Token, String> {
        self.tokens.next().ok_or_else(|| "the filter ends too early".to_owned())
    }

    fn expect(&mut self, wanted: &Token) -> Result<(), String> {
        let token = self.take()?;
        if token == *wanted { Ok(()) } else { Err(format!("expected {wanted}, found {token}")) }
    }

    fn accept_word(&mut self, wanted: &str) -> bool {
        let is_it =
            |token: &Token| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(wanted));
        self.tokens.next_if(is_it).is_some()
    }
}

/// Converts a literal to the type of a property.
fn operand(property: &str, field: Field, literal: Token) -> Result<Operand<'static>, String> {
    match (field, literal) {
        (Field::Word(values) | Field::OneOf(values), Token::Text(text)) => {
            let known = values.iter().find(|value| value.eq_ignore_ascii_case(&text));
            known
                .map(|value| Operand::from(*value))
                .ok_or_else(|| format!("{property} is never '{text}'"))
        }
        (Field::Text | Field::Name | Field::Id, Token::Text(text)) => {
            Ok(Operand::Text(Cow::Owned(text)))
        }
        (Field::Number, Token::Number(number)) => Ok(Operand::Number(number)),
        (Field::Time, Token::Time(time)) => Ok(Operand::Time(time)),
        (Field::Flag, Token::Word(word)) if word == "true" || word == "false" => {
            Ok(Operand::Flag(word == "true"))
        }
        (_, literal) => Err(format!("{property} cannot be compared with {literal}")),
    }
}
