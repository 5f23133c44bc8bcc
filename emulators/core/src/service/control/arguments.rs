//! The options of control ports, shared by the command lines of the emulators.

use std::net::SocketAddr;

use super::{Control, ControlToken, InvalidControl};

/// Reads the address of a port, for an option of a command line.
///
/// # Errors
/// If the text has another format; the error shows an example.
pub fn parse_address(text: &str) -> Result<SocketAddr, String> {
    let named = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let example = "write an IP address and a port, such as 127.0.0.1:7171";
    named.as_deref().unwrap_or(text).parse().map_err(|_| example.to_owned())
}

/// The options of a control port.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct ControlArguments {
    /// Address of the control port if it is reached from other machines or containers; requires MAYFLY_CONTROL_TOKEN
    /// [default: a free port on loopback]
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = parse_address)]
    pub control_listen: Option<SocketAddr>,
    /// The token.
    #[command(flatten)]
    pub token: TokenArguments,
}

/// The option of a control port's token.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct TokenArguments {
    /// Token of the control port, at least 16 characters; prefer the variable, because other users of the machine can
    /// read command lines [default: a random one, in the ready line]
    #[arg(long, value_name = "TOKEN", env = "MAYFLY_CONTROL_TOKEN", hide_env_values = true)]
    pub control_token: Option<String>,
}

impl ControlArguments {
    /// Returns the control port of an emulator.
    ///
    /// # Errors
    /// If the token is too short, or missing for an address beyond loopback.
    pub fn control(&self) -> Result<Control, InvalidControl> {
        let token = self.token.or_random()?;
        match self.control_listen {
            Some(listen) => Control::at_any(listen, token),
            None => Ok(Control::on_loopback(token)),
        }
    }
}

impl TokenArguments {
    /// Returns the chosen token, or a random one.
    ///
    /// # Errors
    /// If it is too short.
    pub fn or_random(&self) -> Result<ControlToken, InvalidControl> {
        let chosen = self.control_token.as_deref().map(ControlToken::chosen).transpose()?;
        Ok(chosen.unwrap_or_else(ControlToken::random))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_port_and_localhost_is_one() {
        for (text, expected) in [
            ("127.0.0.1:7171", "127.0.0.1:7171"),
            ("localhost:7171", "127.0.0.1:7171"),
            ("[::1]:0", "[::1]:0"),
        ] {
            assert_eq!(parse_address(text).map(|it| it.to_string()).as_deref(), Ok(expected));
        }
        for wrong in ["", "7171", ":7171", "127.0.0.1", "127.0.0.1:99999", "mine:7171"] {
            let error = parse_address(wrong).expect_err(wrong);
            assert!(error.contains("such as 127.0.0.1:7171"), "{error}");
        }
    }
}
