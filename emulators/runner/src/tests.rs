//! Tells a runner's stories: the program against the emulated GitHub, over HTTP on loopback.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{Ending, Listener};
use crate::tests::world::World;
use emulator_core::transport::{self, Transport};

mod cases;
mod world;
mod scene;
mod home;
mod serving;
mod in_process;

/// A runner program in a directory of its own.
struct Program {
    home: TempDir,
    env: BTreeMap<String, String>,
    said: Console,
    stop: watch::Sender<bool>,
}

/// What a program said.
#[derive(Clone)]
struct Console(watch::Sender<String>);

impl Write for Console {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.send_modify(|said| said.push_str(str::from_utf8(bytes).unwrap()));
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
            said: Console(watch::Sender::default()),
            stop: watch::Sender::new(false),
        }
    }

    /// Sets a hook; the script is written into the home.
    fn hook(&mut self, variable: &str, script: &str) {
        let path = self.home.path().join(format!("{variable}.sh"));
        std::fs::write(&path, script).unwrap();
        self.env.insert(variable.to_owned(), path.to_str().unwrap().to_owned());
    }

    fn start(&self, args: &[&str]) -> JoinHandle<Ending> {
        self.start_on(transport::http(), args)
    }

    fn start_on(&self, transport: Transport, args: &[&str]) -> JoinHandle<Ending> {
        let home = self.home.path().to_owned();
        let console = Box::new(self.said.clone());
        let listener = Listener::new(home, self.env.clone(), transport, console);
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        let stop = self.stop.subscribe();
        tokio::spawn(async move { listener.run(&args, stop).await })
    }

    async fn run(&self, args: &[&str]) -> Ending {
        self.start(args).await.unwrap()
    }

    fn said(&self) -> String {
        self.said.0.borrow().clone()
    }

    /// Waits until it says something.
    async fn says(&self, words: &str) {
        self.said.0.subscribe().wait_for(|said| said.contains(words)).await.unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.home.path().join(name)).unwrap_or_default()
    }

    fn has(&self, name: impl AsRef<Path>) -> bool {
        self.home.path().join(name).exists()
    }
}
