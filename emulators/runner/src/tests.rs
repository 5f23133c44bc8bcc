//! Tests of the runner against the emulated GitHub, over HTTP on loopback or in one process.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{Listener, ReturnCode};
use crate::tests::world::World;
use emulator_core::transport::{self, Transport};

mod cases;
mod world;
mod scene;
mod home;
mod registration_cases;
mod serving;
mod in_process;

/// A runner in its own directory.
struct Program {
    home: TempDir,
    env: BTreeMap<String, String>,
    output: Console,
    stop: watch::Sender<bool>,
}

/// The console output of a runner.
#[derive(Clone)]
struct Console(watch::Sender<String>);

impl Write for Console {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.send_modify(|text| text.push_str(str::from_utf8(bytes).unwrap()));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Program {
    fn new() -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default().into_string().unwrap();
        Self {
            home: TempDir::new().unwrap(),
            env: BTreeMap::from([("PATH".to_owned(), path)]),
            output: Console(watch::Sender::default()),
            stop: watch::Sender::new(false),
        }
    }

    /// Sets a hook, whose script is written into the home.
    fn hook(&mut self, variable: &str, script: &str) {
        let path = self.home.path().join(format!("{variable}.sh"));
        std::fs::write(&path, script).unwrap();
        self.env.insert(variable.to_owned(), path.to_str().unwrap().to_owned());
    }

    fn start(&self, args: &[&str]) -> JoinHandle<ReturnCode> {
        self.start_on(transport::http(), args)
    }

    fn start_on(&self, transport: Transport, args: &[&str]) -> JoinHandle<ReturnCode> {
        let home = self.home.path().to_owned();
        let console = Box::new(self.output.clone());
        let listener = Listener::new(home, self.env.clone(), transport, console);
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        let stop = self.stop.subscribe();
        tokio::spawn(async move { listener.run(&args, stop).await })
    }

    async fn run(&self, args: &[&str]) -> ReturnCode {
        self.start(args).await.unwrap()
    }

    fn output(&self) -> String {
        self.output.0.borrow().clone()
    }

    /// Waits until the output contains some text.
    async fn wait_for_output(&self, text: &str) {
        self.output.0.subscribe().wait_for(|output| output.contains(text)).await.unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.home.path().join(name)).unwrap_or_default()
    }

    fn has(&self, name: impl AsRef<Path>) -> bool {
        self.home.path().join(name).exists()
    }
}
