//! Container run options that the emulated node implements itself.

use std::time::Duration;

use super::command_line::split_posix;

/// The user and the stop timeout from `containerRunOptions`. As with docker, the last of several
/// values applies.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct RunOptions {
    /// `--user`, by id or name, with or without a group.
    pub(super) user: Option<String>,
    /// `--stop-timeout`, the time between TERM and KILL.
    pub(super) stop_timeout: Option<Duration>,
}

impl RunOptions {
    /// Parses run options; unknown options are left to the engine.
    pub(super) fn read(text: &str) -> Self {
        let mut options = Self::default();
        let mut words = split_posix(text).into_iter();
        while let Some(word) = words.next() {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
                _ => (word.as_str(), None),
            };
            match name {
                "--user" | "-u" => options.user = value.or_else(|| words.next()),
                "--stop-timeout" => {
                    let seconds = value.or_else(|| words.next());
                    let seconds = seconds.and_then(|seconds| seconds.parse().ok());
                    options.stop_timeout = seconds.map(Duration::from_secs);
                }
                _ => {}
            }
        }
        options
    }

    /// Returns the user without its group.
    pub(super) fn user_alone(&self) -> Option<&str> {
        self.user.as_deref().and_then(|user| user.split(':').next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_stop_timeout_are_read_in_each_form() {
        for (text, user, seconds) in [
            ("--user 1001 --stop-timeout 30", Some("1001"), Some(30)),
            ("--init --user=runner:docker --cpus 2", Some("runner"), None),
            ("-u 0:0 --stop-timeout=5 --user 7", Some("7"), Some(5)),
            ("--stop-timeout soon", None, None),
            ("", None, None),
        ] {
            let options = RunOptions::read(text);
            assert_eq!(options.user_alone(), user, "{text}");
            assert_eq!(options.stop_timeout, seconds.map(Duration::from_secs), "{text}");
        }
    }
}
