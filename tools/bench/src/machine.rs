//! What else the machine does while something is measured.

use anyhow::Context;
use serde::Serialize;

use crate::process::cpu_seconds;

/// The machine of a run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    /// The number of processors.
    pub(crate) cores: usize,
    /// The name of the processor.
    pub(crate) processor: String,
    /// The load averages when the run began: of 1, 5 and 15 minutes.
    pub(crate) load: String,
}

impl Machine {
    /// Describes this machine.
    pub(crate) fn here() -> Self {
        let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let name =
            cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            processor: name.map_or("unknown", |(_, name)| name.trim()).to_owned(),
            load: load.split_whitespace().take(3).collect::<Vec<_>>().join(" "),
        }
    }
}

/// The processor time of the machine and of some processes at a moment.
pub(crate) struct Reading {
    machine: f64,
    own: Vec<(u32, f64)>,
}

impl Reading {
    /// Reads the processor time of the machine, of this process, and of these.
    ///
    /// # Errors
    /// A process has ended.
    pub(crate) fn take(pids: &[u32]) -> anyhow::Result<Self> {
        let pids = std::iter::once(std::process::id()).chain(pids.iter().copied());
        let own = pids.map(|pid| Ok((pid, cpu_seconds(pid)?)));
        Ok(Self { machine: machine_seconds()?, own: own.collect::<anyhow::Result<_>>()? })
    }

    /// Returns the processor seconds of a process since an earlier reading.
    pub(crate) fn seconds_of(&self, pid: u32, earlier: &Self) -> f64 {
        let of =
            |reading: &Self| reading.own.iter().find(|(own, _)| *own == pid).map(|(_, at)| *at);
        of(self).zip(of(earlier)).map_or(0.0, |(now, before)| now - before)
    }

    /// Returns the processor seconds that none of the processes used since an earlier reading.
    pub(crate) fn others(&self, earlier: &Self) -> f64 {
        let own: f64 = self.own.iter().map(|(pid, _)| self.seconds_of(*pid, earlier)).sum();
        (self.machine - earlier.machine - own).max(0.0)
    }
}

/// Returns the time that all processors have worked, in seconds.
fn machine_seconds() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/stat").context("read /proc/stat")?;
    let line = stat.lines().next().context("read the first line of /proc/stat")?;
    let ticks: Vec<f64> =
        line.split_whitespace().skip(1).filter_map(|one| one.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq
    Ok([0, 1, 2, 5, 6].iter().filter_map(|&place| ticks.get(place)).sum::<f64>() / 100.0)
}
