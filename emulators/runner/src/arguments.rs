//! The listener's arguments, which may also be set as `ACTIONS_RUNNER_INPUT_<NAME>`.

use std::collections::BTreeMap;

/// The prefix of arguments in the environment.
pub(crate) const INPUT_PREFIX: &str = "ACTIONS_RUNNER_INPUT_";

/// Parsed arguments: words, and named ones with or without a value.
#[derive(Debug)]
pub(crate) struct Arguments {
    words: Vec<String>,
    named: BTreeMap<String, Option<String>>,
}

impl Arguments {
    pub(crate) fn parse(args: &[String], env: &BTreeMap<String, String>) -> Self {
        let from_env = env.iter().filter_map(|(name, value)| {
            Some((name.strip_prefix(INPUT_PREFIX)?.to_ascii_lowercase(), Some(value.clone())))
        });
        let mut parsed = Self { words: Vec::new(), named: from_env.collect() };
        let mut args = args.iter().peekable();
        while let Some(arg) = args.next() {
            match arg.strip_prefix("--") {
                Some(name) => {
                    let value = args.next_if(|next| !next.starts_with("--")).cloned();
                    parsed.named.insert(name.to_ascii_lowercase(), value);
                }
                None => parsed.words.push(arg.to_ascii_lowercase()),
            }
        }
        parsed
    }

    pub(crate) fn command(&self) -> Option<&str> {
        self.words.first().map(String::as_str)
    }

    /// Returns whether a flag is set: by its name alone, or by a true value in the environment.
    pub(crate) fn has(&self, name: &str) -> bool {
        match self.named.get(name) {
            Some(Some(value)) => ["1", "true", "$true"].contains(&&*value.to_ascii_lowercase()),
            Some(None) => true,
            None => false,
        }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.named.get(name)?.as_deref().filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_may_be_set_in_the_environment() {
        let args = ["run", "--ephemeral", "--name", "r1"].map(str::to_owned);
        let env = [("JITCONFIG", "e30="), ("UNATTENDED", "True"), ("REPLACE", "false")];
        let env = env.map(|(name, value)| (format!("{INPUT_PREFIX}{name}"), value.to_owned()));
        let env = BTreeMap::from(env);
        let arguments = Arguments::parse(&args, &env);
        assert_eq!(arguments.command(), Some("run"));
        assert!(arguments.has("ephemeral"));
        assert!(arguments.has("unattended") && !arguments.has("replace"));
        assert_eq!(arguments.text("name"), Some("r1"));
        assert_eq!(arguments.text("jitconfig"), Some("e30="));
    }
}
