//! The begin of a connection to a port that uses TLS.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The time in which a client must finish its handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that a client opened.
pub(super) enum Opened {
    /// With TLS.
    Encrypted(Box<TlsStream<TcpStream>>),
    /// With plain HTTP: the client uses `http://` by mistake.
    Plain(TcpStream),
}

/// Finishes the handshake, unless the client sends plain HTTP.
///
/// # Errors
/// If the handshake fails, for example because the client does not trust the certificate, or takes too long.
pub(super) async fn open(stream: TcpStream, tls: &TlsAcceptor) -> io::Result<Opened> {
    let opened = async {
        let mut first = [0];
        // The first byte of TLS is 22; a method of HTTP begins with a letter.
        if stream.peek(&mut first).await? == 1 && first[0].is_ascii_alphabetic() {
            return Ok(Opened::Plain(stream));
        }
        Ok(Opened::Encrypted(Box::new(tls.accept(stream).await?)))
    };
    tokio::time::timeout(HANDSHAKE_TIMEOUT, opened).await?
}
