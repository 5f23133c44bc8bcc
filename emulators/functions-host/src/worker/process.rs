//! The one place where the host launches a process.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::net::TcpSocket;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::timeout;
use uuid::Uuid;

use crate::{Line, Log, Stream};

/// How many lines of stderr are kept for an error.
const TAIL: usize = 20;
/// How long a dead process's pipes may stay open: a child of its own may hold them.
const PIPES_CLOSE: Duration = Duration::from_millis(500);

/// What to start for a group, and how.
pub(crate) struct Launch {
    /// The group.
    pub(crate) group: String,
    /// The program.
    pub(crate) executable: PathBuf,
    /// Its arguments.
    pub(crate) arguments: Vec<String>,
    /// Its working directory.
    pub(crate) directory: PathBuf,
    /// Its whole environment, but for what names the process's own port and id.
    pub(crate) environment: BTreeMap<String, String>,
    /// The id that the host gives it.
    pub(crate) worker_id: Uuid,
    /// Where its lines go.
    pub(crate) log: Log,
}

/// A running handler; dropping it kills it.
#[derive(Debug)]
pub(super) struct Process {
    /// The port that it was told to listen on.
    pub(super) port: u16,
    /// Its id.
    pub(super) pid: u32,
    child: Child,
    tail: Arc<Mutex<VecDeque<String>>>,
    pumps: JoinSet<()>,
    _reservation: TcpSocket,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Exit {
    /// Its exit code; `None` if a signal killed it.
    pub(super) code: Option<i32>,
    signal: Option<i32>,
}

impl Process {
    /// Starts a process on a port of its own.
    pub(super) fn spawn(launch: &Launch) -> io::Result<Self> {
        let reservation = reserve_port()?;
        let port = reservation.local_addr()?.port().to_string();
        let worker = launch.worker_id.to_string();
        let mut child = Command::new(&launch.executable)
            .args(&launch.arguments)
            .current_dir(&launch.directory)
            .env_clear()
            .envs(&launch.environment)
            .env("FUNCTIONS_CUSTOMHANDLER_PORT", &port)
            .env("FUNCTIONS_HTTPWORKER_PORT", &port)
            .env("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", &worker)
            .env("FUNCTIONS_HTTPWORKER_ID", &worker)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let tail = Arc::default();
        let mut pumps = JoinSet::new();
        let out = child.stdout.take().expect("stdout is piped");
        let err = child.stderr.take().expect("stderr is piped");
        pumps.spawn(pump(out, launch.group.clone(), Stream::Stdout, launch.log.clone(), None));
        let kept = Some(Arc::clone(&tail));
        pumps.spawn(pump(err, launch.group.clone(), Stream::Stderr, launch.log.clone(), kept));
        let port = port.parse().expect("it was a port");
        let pid = child.id().expect("nobody has waited for it yet");
        Ok(Self { port, pid, child, tail, pumps, _reservation: reservation })
    }

    /// Waits for the end.
    pub(super) async fn ended(&mut self) -> Exit {
        self.child.wait().await.map_or(Exit { code: None, signal: None }, Exit::from)
    }

    /// Kills the process, and waits until it is gone. There is no TERM before, as with the real host.
    pub(super) async fn kill(&mut self) {
        if let Err(err) = self.child.kill().await {
            tracing::debug!(pid = self.pid, %err, "the process was gone already");
        }
    }

    /// Tells the last lines of the process's stderr.
    pub(super) async fn last_words(&mut self) -> String {
        let closed = async { while self.pumps.join_next().await.is_some() {} };
        let _ = timeout(PIPES_CLOSE, closed).await;
        let tail = self.tail.lock().expect("no holder of this lock can panic");
        match tail.is_empty() {
            true => "nothing".to_owned(),
            false => tail.iter().map(String::as_str).collect::<Vec<_>>().join("\n"),
        }
    }
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        Self { code: status.code(), signal: status.signal() }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, self.signal) {
            (Some(code), _) => write!(f, "exit code {code}"),
            (None, Some(signal)) => write!(f, "signal {signal}"),
            (None, None) => f.write_str("an unknown status"),
        }
    }
}

/// Finds a port, and keeps it from everybody but the handler.
///
/// The socket is bound and never listens, so that the system gives the port to nobody who asks for any
/// port; a server that asks for this one, with `SO_REUSEADDR` as servers do, still gets it. The real host
/// lets go of the port before it starts the handler.
fn reserve_port() -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0))?;
    Ok(socket)
}

async fn pump(
    source: impl AsyncRead + Unpin,
    group: String,
    stream: Stream,
    log: Log,
    tail: Option<Arc<Mutex<VecDeque<String>>>>,
) {
    let mut lines = BufReader::new(source).lines();
    while let Ok(Some(text)) = lines.next_line().await {
        if let Some(tail) = &tail {
            let mut tail = tail.lock().expect("no holder of this lock can panic");
            if tail.len() == TAIL {
                tail.pop_front();
            }
            tail.push_back(text.clone());
        }
        log(&Line { group: group.clone(), stream, text });
    }
}
