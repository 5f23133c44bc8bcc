//! Splitting of command lines into arguments.
//!
//! Rejected: the `shlex` crate. It treats `#` at the start of a word as a comment, which would drop
//! the rest of a command line, and returns nothing for an unclosed quote. Batch runs no shell, and
//! a task must start with all its arguments.

/// Splits as a POSIX shell does, without expansions and comments.
///
/// An unclosed quote ends at the end of the line.
pub(super) fn split_posix(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars();
    while let Some(letter) = rest.next() {
        match letter {
            ' ' | '\t' | '\n' => words.extend(word.take()),
            '\'' => word.get_or_insert_default().extend(rest.by_ref().take_while(|c| *c != '\'')),
            '"' => word.get_or_insert_default().push_str(&double_quoted(&mut rest)),
            '\\' => word.get_or_insert_default().extend(rest.next()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

/// Splits as Windows programs do: a backslash is an ordinary character, and only double quotes keep
/// words together.
///
/// Windows' rules for backslashes before a quote are not implemented: no command line here has any.
pub(super) fn split_windows(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars();
    while let Some(letter) = rest.next() {
        match letter {
            ' ' | '\t' => words.extend(word.take()),
            '"' => word.get_or_insert_default().extend(rest.by_ref().take_while(|c| *c != '"')),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

fn double_quoted(rest: &mut impl Iterator<Item = char>) -> String {
    let mut text = String::new();
    while let Some(letter) = rest.next().filter(|letter| *letter != '"') {
        if letter != '\\' {
            text.push(letter);
            continue;
        }
        match rest.next() {
            Some(escaped @ ('"' | '\\' | '$' | '`')) => text.push(escaped),
            other => text.extend(std::iter::once('\\').chain(other)),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{split_posix, split_windows};

    #[test]
    fn quotes_and_backslashes_keep_words_together() {
        let line = r#"/bin/sh -c "echo \"$HOME\" 'x' \n"  a\ b '' --env='c d'"#;
        let expected = ["/bin/sh", "-c", r#"echo "$HOME" 'x' \n"#, "a b", "", "--env=c d"];
        assert_eq!(split_posix(line), expected);
        assert!(split_posix(" \t ").is_empty());
    }

    #[test]
    fn a_backslash_is_an_ordinary_character_on_windows() {
        let line = r#"cmd /c "two words" %DIR%\a\b.ps1 'x'"#;
        assert_eq!(split_windows(line), ["cmd", "/c", "two words", r"%DIR%\a\b.ps1", "'x'"]);
    }
}
