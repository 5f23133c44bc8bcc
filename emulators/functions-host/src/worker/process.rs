//! The process of a handler: the only place where the host starts one.

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

use crate::log::{Line, Log, Stream};

/// The maximum number of stderr lines in an error.
const MAX_TAIL_LINES: usize = 20;
/// The time to wait for the pipes of an ended process; a child of the process can keep them open.
const PIPE_CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// The command line and environment of a group's process.
pub(crate) struct Launch {
    /// The group.
    pub(crate) group: String,
    /// The executable.
    pub(crate) executable: PathBuf,
    /// Its arguments.
    pub(crate) arguments: Vec<String>,
    /// Its working directory.
    pub(crate) directory: PathBuf,
    /// Its whole environment, except the variables with the process's port and id.
    pub(crate) environment: BTreeMap<String, String>,
    /// The worker id.
    pub(crate) worker_id: Uuid,
    /// The receiver of its lines.
    pub(crate) log: Log,
}

/// A running handler; dropping it kills it.
#[derive(Debug)]
pub(super) struct Process {
    /// The port on which it must listen.
    pub(super) port: u16,
    /// The process id.
    pub(super) pid: u32,
    child: Child,
    tail: Arc<Mutex<VecDeque<String>>>,
    pumps: JoinSet<()>,
    _reservation: TcpSocket,
}

/// The exit status of a process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Exit {
    /// The exit code; `None` if a signal killed it.
    pub(super) code: Option<i32>,
    signal: Option<i32>,
}

impl Process {
    /// Starts a process with a free port.
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
        let stderr_tail = Some(Arc::clone(&tail));
        pumps.spawn(pump(
            err,
            launch.group.clone(),
            Stream::Stderr,
            launch.log.clone(),
            stderr_tail,
        ));
        let port = port.parse().expect("it is a port");
        let pid = child.id().expect("the process has not been waited for");
        Ok(Self { port, pid, child, tail, pumps, _reservation: reservation })
    }

    /// Waits for the exit.
    pub(super) async fn exited(&mut self) -> Exit {
        self.child.wait().await.map_or(Exit { code: None, signal: None }, Exit::from)
    }

    /// Kills the process, and waits until it has ended. Like the real host, it sends no SIGTERM first.
    pub(super) async fn kill(&mut self) {
        if let Err(err) = self.child.kill().await {
            tracing::debug!(pid = self.pid, %err, "process {} has already ended", self.pid);
        }
    }

    /// Returns the last lines of the process's stderr.
    pub(super) async fn stderr_tail(&mut self) -> String {
        let closed = async { while self.pumps.join_next().await.is_some() {} };
        let _ = timeout(PIPE_CLOSE_TIMEOUT, closed).await;
        let tail = self.tail.lock().expect("no holder of this lock can panic");
        match tail.is_empty() {
            true => "(empty)".to_owned(),
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

/// Reserves a free port for the handler.
///
/// The socket is bound but never listens. The system therefore does not assign the port to a process that
/// binds to any free port, but a server that binds to this port with `SO_REUSEADDR`, as servers do, succeeds.
/// The real host releases the port before it starts the handler.
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
            if tail.len() == MAX_TAIL_LINES {
                tail.pop_front();
            }
            tail.push_back(text.clone());
        }
        log(&Line::new(&group, stream, text));
    }
}
