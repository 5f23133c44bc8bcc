//! Reads the program's arguments, which may also be given as `ACTIONS_RUNNER_INPUT_<NAME>`.

use std::collections::BTreeMap;

/// What the names of arguments in the environment begin with.
pub(super) const INPUT: &str = "ACTIONS_RUNNER_INPUT_";

/// The arguments: words, and names with or without a value.
#[derive(Debug)]
pub(super) struct Arguments {
    words: Vec<String>,
    named: BTreeMap<String, Option<String>>,
}

impl Arguments {
    pub(super) fn read(args: &[String], env: &BTreeMap<String, String>) -> Self {
        let from_env = env.iter().filter_map(|(name, value)| {
            Some((name.strip_prefix(INPUT)?.to_ascii_lowercase(), Some(value.clone())))
        });
        let mut read = Self { words: Vec::new(), named: from_env.collect() };
        let mut args = args.iter().peekable();
        while let Some(arg) = args.next() {
            match arg.strip_prefix("--") {
                Some(name) => {
                    let value = args.next_if(|next| !next.starts_with("--")).cloned();
                    read.named.insert(name.to_ascii_lowercase(), value);
                }
                None => read.words.push(arg.to_ascii_lowercase()),
            }
        }
        read
    }

    pub(super) fn command(&self) -> Option<&str> {
        self.words.first().map(String::as_str)
    }

    /// Returns whether a flag is set: by its name alone, or by a value in the environment that means true.
    pub(super) fn has(&self, name: &str) -> bool {
        match self.named.get(name) {
            Some(Some(value)) => ["1", "true", "$true"].contains(&&*value.to_ascii_lowercase()),
            Some(None) => true,
            None => false,
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.named.get(name)?.as_deref().filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_may_come_from_the_environment() {
        let args = ["run", "--ephemeral", "--name", "r1"].map(str::to_owned);
        let env = [("JITCONFIG", "e30="), ("UNATTENDED", "True"), ("REPLACE", "false")];
        let env = env.map(|(name, value)| (format!("{INPUT}{name}"), value.to_owned()));
        let env = BTreeMap::from(env);
        let read = Arguments::read(&args, &env);
        assert_eq!(read.command(), Some("run"));
        assert!(read.has("ephemeral"));
        assert!(read.has("unattended") && !read.has("replace"));
        assert_eq!(read.text("name"), Some("r1"));
        assert_eq!(read.text("jitconfig"), Some("e30="));
    }
}
