//! A program under measurement: its process, its processor time and its memory.

use std::net::SocketAddr;
use std::process::Stdio;

use anyhow::{Context, bail};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

/// The ticks of a second in `/proc`: 100 on each architecture of Linux that Rust supports.
const TICKS: f64 = 100.0;

/// A running program that has printed `address=…`. Dropping it kills the process.
pub(crate) struct Program {
    child: Child,
    pub(crate) pid: u32,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Program {
    /// Starts a program, and waits for the line with its address. What it prints afterwards is read and dropped.
    ///
    /// # Errors
    /// The program does not start, or ends before it listens.
    pub(crate) async fn start(command: &mut Command) -> anyhow::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let name = command.as_std().get_program().to_string_lossy().into_owned();
        let mut child = command.spawn().with_context(|| format!("start {name}"))?;
        let pid = child.id().context("read the id of a process")?;
        let mut stdout = BufReader::new(child.stdout.take().context("read a program's output")?);
        let address = loop {
            let mut line = String::new();
            if stdout.read_line(&mut line).await.context("read a program's output")? == 0 {
                bail!("start {name}: it ended before it listened");
            }
            if let Some(address) = address_in(&line) {
                break address;
            }
        };
        tokio::spawn(async move {
            let mut buffer = vec![0; 1 << 16];
            while stdout.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
        });
        Ok(Self { child, pid, address })
    }

    /// Ends the program with a signal that it can handle, and waits until it has ended.
    pub(crate) async fn interrupt(mut self) -> anyhow::Result<()> {
        let killed = Command::new("kill").args(["-INT", &self.pid.to_string()]).status().await;
        killed.context("end a program")?;
        self.child.wait().await.context("wait for the end of a program")?;
        Ok(())
    }
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("address=")?;
    rest.split_whitespace().next()?.parse().ok()
}

/// Returns the processor time of a process in seconds, of all its threads.
pub(crate) fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let stat = std::fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    // The name of the program, in parentheses, may contain spaces.
    let fields = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace());
    let ticks = |number: usize| fields.clone()?.nth(number)?.parse::<f64>().ok();
    let (user, system) = (ticks(11), ticks(12));
    Ok((user.context("read its user time")? + system.context("read its system time")?) / TICKS)
}

/// Returns the resident memory of a process in megabytes.
pub(crate) fn resident_megabytes(pid: u32) -> anyhow::Result<f64> {
    let path = format!("/proc/{pid}/status");
    let status = std::fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    Ok(kilobytes.context("read its resident memory")? * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_a_log_line() {
        let line = "INFO ready address=127.0.0.1:4711 more\n";
        assert_eq!(address_in(line), Some(SocketAddr::from(([127, 0, 0, 1], 4711))));
        assert_eq!(address_in("ready"), None);
    }

    #[test]
    fn the_own_process_has_memory() {
        let pid = std::process::id();
        assert!(cpu_seconds(pid).expect("a time") >= 0.0);
        assert!(resident_megabytes(pid).expect("a size") > 0.5);
    }
}
