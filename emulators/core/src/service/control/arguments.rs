//! The options of control ports, shared by the command lines of the emulators.

use std::net::SocketAddr;

use super::{Control, ControlToken, InvalidControl};

/// The options of a control port.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct ControlArguments {
    /// Address of the control port if it is reached from other machines or containers; requires MAYFLY_CONTROL_TOKEN
    /// [default: a free port on loopback]
    #[arg(long, value_name = "ADDRESS")]
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
