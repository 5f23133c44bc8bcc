//! The report: a table in Markdown, and all values as JSON.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use crate::burst::Burst;
use crate::machine::Machine;
use crate::reconcile::Run;
use crate::start::Start;
use crate::subjects::FLOOR;
use crate::webhook::Measured;

const BEGIN: &str = "<!-- bench -->";
const END: &str = "<!-- end of bench -->";

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The machine when the measurements began.
    pub(crate) machine: Machine,
    /// The size of the handler's program in bytes.
    pub(crate) handler_bytes: u64,
    pub(crate) webhooks: Vec<Measured>,
    pub(crate) starts: Vec<Start>,
    pub(crate) bursts: Vec<Burst>,
    pub(crate) reconciliation: Vec<Run>,
    pub(crate) growth: Vec<Run>,
}

impl Report {
    /// Returns the table.
    pub(crate) fn markdown(&self) -> String {
        let Machine { cores, processor, load } = &self.machine;
        let mut text = format!(
            "Machine: {cores} processors ({processor}), load {load} at the beginning. The handler has {} bytes. Medians.\n",
            self.handler_bytes
        );
        for part in
            [self.webhooks(), self.starts(), self.bursts(), self.reconciliation(), self.growth()]
        {
            if !part.is_empty() {
                text += "\n";
                text += &part;
            }
        }
        text
    }

    /// Replaces the table in a file.
    ///
    /// # Errors
    /// The file cannot be changed, or has no place for the table.
    pub(crate) fn replace_in(&self, path: &Path) -> anyhow::Result<()> {
        let name = path.display();
        let text = std::fs::read_to_string(path).with_context(|| format!("read {name}"))?;
        let text = replaced(&text, &self.markdown());
        let text = text.with_context(|| format!("find {BEGIN} and {END} in {name}"))?;
        std::fs::write(path, text).with_context(|| format!("write {name}"))
    }

    fn webhooks(&self) -> String {
        if self.webhooks.is_empty() {
            return String::new();
        }
        let mut text = "| webhooks | connections | deliveries/s | of the floor | half, 99 % within | processor time | memory before, after | others |\n|---|---|---|---|---|---|---|---|\n".to_owned();
        let mut keys: Vec<(usize, &str)> = Vec::new();
        for one in &self.webhooks {
            let key = (one.connections, one.subject.as_str());
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        for (connections, subject) in keys {
            let all = self.rounds(subject, connections);
            let of = |value: fn(&Measured) -> f64| median(all.iter().map(|one| value(one)));
            let ratio = self
                .ratio(subject, connections)
                .map_or("–".to_owned(), |ratio| format!("{ratio:.2}"));
            let cpu = all.iter().filter_map(|one| one.cpu_us);
            let cpu = all[0].cpu_us.map_or("–".to_owned(), |_| format!("{:.0} µs", median(cpu)));
            let memory = all[0].memory_mb.map_or("–".to_owned(), |_| {
                let of = |value: fn(&(f64, f64)) -> f64| {
                    median(all.iter().filter_map(|one| one.memory_mb.as_ref().map(value)))
                };
                format!("{:.1}, {:.1} MB", of(|memory| memory.0), of(|memory| memory.1))
            });
            let errors: u64 = all.iter().map(|one| one.errors).sum();
            let failed = if errors > 0 { format!(" ({errors} errors)") } else { String::new() };
            let _ = writeln!(
                text,
                "| {subject} | {connections} | {:.0}{failed} | {ratio} | {:.2}, {:.2} ms | {cpu} | {memory} | {:.2} cores |",
                of(|one| one.rate),
                of(|one| one.median_ms),
                of(|one| one.p99_ms),
                of(|one| one.other_cores),
            );
        }
        text
    }

    fn rounds(&self, subject: &str, connections: usize) -> Vec<&Measured> {
        let all = self.webhooks.iter();
        all.filter(|one| one.subject == subject && one.connections == connections).collect()
    }

    /// Returns the median of the ratios to the floor in the same round.
    fn ratio(&self, subject: &str, connections: usize) -> Option<f64> {
        let floors = self.rounds(FLOOR, connections);
        let pairs = self.rounds(subject, connections).into_iter().filter_map(|one| {
            let floor = floors.iter().find(|floor| floor.round == one.round)?;
            Some(one.rate / floor.rate)
        });
        let ratios: Vec<f64> = pairs.collect();
        (!ratios.is_empty()).then(|| median(ratios.into_iter()))
    }

    fn starts(&self) -> String {
        let mut names: Vec<&str> = self.starts.iter().map(|one| one.subject.as_str()).collect();
        names.dedup();
        names.sort_unstable();
        names.dedup();
        if names.is_empty() {
            return String::new();
        }
        let mut text =
            "| start | until it listens | until it has accepted a delivery |\n|---|---|---|\n"
                .to_owned();
        for name in names {
            let all = || self.starts.iter().filter(|one| one.subject == name);
            let (listens, accepts) =
                (median(all().map(|one| one.listens_ms)), median(all().map(|one| one.accepts_ms)));
            let _ = writeln!(text, "| {name} | {listens:.1} ms | {accepts:.1} ms |");
        }
        text
    }

    fn bursts(&self) -> String {
        if self.bursts.is_empty() {
            return String::new();
        }
        let mut text = "| burst | Batch, queue away | the host's own time | webhooks accepted | last task | memory |\n|---|---|---|---|---|---|\n".to_owned();
        for one in &self.bursts {
            let _ = writeln!(
                text,
                "| {} jobs | {}, {} ms | {} | {:.2} s | {:.2} s | {:.1} MB |",
                one.jobs,
                one.batch_ms,
                one.queue_ms,
                if one.host_cost { "as the real host" } else { "none" },
                one.accepted_s,
                one.done_s,
                one.memory_mb,
            );
        }
        text
    }

    fn reconciliation(&self) -> String {
        runs("reconciliation", &self.reconciliation)
    }

    fn growth(&self) -> String {
        runs("growth", &self.growth)
    }
}

/// Returns the table of runs: the first of a process, and the median of the others.
fn runs(title: &str, all: &[Run]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "| {title} | Batch, GitHub away | first run | later runs | processor time, of a task | requests: Batch, GitHub | memory |\n|---|---|---|---|---|---|---|\n"
    );
    let mut keys: Vec<(u64, u64)> = all.iter().map(|run| (run.tasks, run.distance_ms)).collect();
    keys.dedup();
    for (tasks, distance_ms) in keys {
        let of =
            || all.iter().filter(move |run| (run.tasks, run.distance_ms) == (tasks, distance_ms));
        let first = median(of().filter(|run| run.number == 0).map(|run| run.seconds));
        let later = |value: fn(&Run) -> f64| median(of().filter(|run| run.number > 0).map(value));
        let cpu = later(|run| run.cpu_s);
        let _ = writeln!(
            text,
            "| {tasks} live tasks | {distance_ms} ms | {first:.2} s | {:.2} s | {cpu:.2} s, {:.1} µs | {:.0}, {:.0} | {:.1} MB |",
            later(|run| run.seconds),
            cpu * 1e6 / tasks as f64,
            later(|run| run.batch_calls as f64),
            later(|run| run.github_calls as f64),
            later(|run| run.memory_mb),
        );
    }
    text
}

/// Returns the median of some values; 0 if there are none.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() {
        0 => 0.0,
        length if length % 2 == 1 => values[half],
        _ => f64::midpoint(values[half - 1], values[half]),
    }
}

fn replaced(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{table}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_is_the_middle_of_two() {
        assert!((median([3.0, 1.0, 2.0].into_iter()) - 2.0).abs() < 1e-9);
        assert!((median([4.0, 1.0, 2.0, 3.0].into_iter()) - 2.5).abs() < 1e-9);
        assert!(median([].into_iter()).abs() < 1e-9);
    }

    #[test]
    fn the_table_of_a_page_is_replaced() {
        let page = "# A\n<!-- bench -->\nold\n<!-- end of bench -->\nB\n";
        let expected = "# A\n<!-- bench -->\n| new |\n<!-- end of bench -->\nB\n";
        assert_eq!(replaced(page, "| new |\n").as_deref(), Some(expected));
        assert_eq!(replaced("# A\n", "| new |\n"), None);
    }
}
