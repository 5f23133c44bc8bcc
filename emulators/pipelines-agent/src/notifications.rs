//! The notification socket: an agent reports the start and the end of its job to the address in its settings.
//!
//! Messages have no line end. A connection that fails is only logged.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// The connection, if there is an address that answers.
pub(crate) struct Notifications(Option<TcpStream>);

impl Notifications {
    pub(crate) async fn connect(address: Option<&str>) -> Self {
        match address {
            Some(address) => Self(TcpStream::connect(address).await.ok()),
            None => Self(None),
        }
    }

    pub(crate) async fn job_started(&mut self, job: &str) {
        self.send(&format!("Starting job: {job}")).await;
    }

    pub(crate) async fn job_finished(&mut self, job: &str) {
        self.send(&format!("Finished job: {job}")).await;
    }

    pub(crate) async fn close(&mut self) {
        self.send("<EOF>").await;
        self.0 = None;
    }

    async fn send(&mut self, text: &str) {
        let Some(stream) = &mut self.0 else { return };
        if stream.write_all(text.as_bytes()).await.is_err() {
            self.0 = None;
        }
    }
}
