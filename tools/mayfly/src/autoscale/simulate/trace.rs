//! The trace of a simulation: when each task is added, and its run time.

use std::time::Duration;

use anyhow::{Context, bail};

/// Tasks in the order of adding.
#[derive(Debug, PartialEq)]
pub(super) struct Trace {
    pub(super) tasks: Vec<Arrival>,
}

/// A task of a trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Arrival {
    /// The time from the start of the trace until the task is added.
    pub(super) after: Duration,
    /// The run time.
    pub(super) duration: Duration,
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
            bail!("the tasks must be in the order in which they are added");
        }
        Ok(Self { tasks })
    }
}

fn arrival(line: &str) -> anyhow::Result<Arrival> {
    let (after, duration) =
        line.split_once(',').context("expected two numbers separated by a comma")?;
    let seconds = |text: &str| text.trim().parse().map(Duration::from_secs);
    match (seconds(after), seconds(duration)) {
        (Ok(after), Ok(duration)) => Ok(Arrival { after, duration }),
        _ => bail!("expected whole numbers of seconds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_has_one_line_per_task() {
        let trace = Trace::read("# a day\n\n0,60\n 30, 600\n").unwrap();
        let seconds = Duration::from_secs;
        let expected = [(0, 60), (30, 600)].map(|(after, duration)| Arrival {
            after: seconds(after),
            duration: seconds(duration),
        });
        assert_eq!(trace.tasks, expected);
    }

    #[test]
    fn an_unreadable_line_is_named() {
        let fault = |text| format!("{:#}", Trace::read(text).unwrap_err());
        assert_eq!(
            fault("0,60\n7"),
            "read line 2, \"7\": expected two numbers separated by a comma"
        );
        assert_eq!(fault("x,60"), "read line 1, \"x,60\": expected whole numbers of seconds");
        assert_eq!(fault("9,60\n7,1"), "the tasks must be in the order in which they are added");
    }
}
