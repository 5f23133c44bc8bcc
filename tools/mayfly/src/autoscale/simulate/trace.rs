//! The tasks of a simulation: when each is added, and how long it takes.

use std::time::Duration;

use anyhow::{Context, bail};

/// Tasks in the order of adding.
#[derive(Debug, PartialEq)]
pub(super) struct Trace {
    pub(super) tasks: Vec<Arrival>,
}

/// A task.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Arrival {
    /// When it is added, from the start of the trace.
    pub(super) after: Duration,
    /// How long it runs.
    pub(super) takes: Duration,
}

impl Trace {
    /// Reads one line per task, `seconds from the start,run time in seconds`; a line that begins with `#`
    /// is a comment.
    pub(super) fn read(text: &str) -> anyhow::Result<Self> {
        let lines = text.lines().enumerate().map(|(number, line)| (number + 1, line.trim()));
        let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let tasks = lines.map(|(number, line)| {
            arrival(line).with_context(|| format!("read line {number}, {line:?}"))
        });
        let tasks: Vec<_> = tasks.collect::<anyhow::Result<_>>()?;
        if !tasks.is_sorted_by_key(|task| task.after) {
            bail!("the tasks must come in the order in which they are added");
        }
        Ok(Self { tasks })
    }
}

fn arrival(line: &str) -> anyhow::Result<Arrival> {
    let (after, takes) = line.split_once(',').context("two numbers with a comma are needed")?;
    let seconds = |text: &str| text.trim().parse().map(Duration::from_secs);
    Ok(Arrival { after: seconds(after)?, takes: seconds(takes)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_has_one_line_per_task() {
        let trace = Trace::read("# a day\n\n0,60\n 30, 600\n").unwrap();
        let seconds = Duration::from_secs;
        let expected = [(0, 60), (30, 600)]
            .map(|(after, takes)| Arrival { after: seconds(after), takes: seconds(takes) });
        assert_eq!(trace.tasks, expected);
    }

    #[test]
    fn an_unreadable_line_is_named() {
        let fault = |text| format!("{:#}", Trace::read(text).unwrap_err());
        assert_eq!(fault("0,60\n7"), "read line 2, \"7\": two numbers with a comma are needed");
        assert_eq!(fault("9,60\n7,1"), "the tasks must come in the order in which they are added");
    }
}
