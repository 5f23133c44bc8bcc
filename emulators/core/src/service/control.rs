//! The address and the token of a control port.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use ring::rand::{SecureRandom, SystemRandom};
use subtle::ConstantTimeEq;

use super::gate::Gate;

#[cfg(feature = "clap")]
mod arguments;

#[cfg(feature = "clap")]
pub use arguments::{ControlArguments, TokenArguments, parse_address};

/// The minimum length of a token that an operator chooses.
const MIN_TOKEN_CHARACTERS: usize = 16;

/// The token that every request to a control port needs: random for each run, or chosen by the operator.
#[derive(Clone)]
pub struct ControlToken {
    text: Arc<str>,
    is_chosen: bool,
}

/// The address and the token of a control port.
#[derive(Clone, Debug)]
pub struct Control {
    address: Address,
    token: ControlToken,
}

#[derive(Clone, Copy, Debug)]
enum Address {
    /// A free port of loopback.
    Free,
    Loopback(SocketAddr),
    /// An address that others reach, by names that are not known here.
    Any(SocketAddr),
}

/// A control port that cannot be opened with these options.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidControl {
    /// The token can be guessed, or cannot be sent.
    #[error(
        "use the token MAYFLY_CONTROL_TOKEN: choose at least {MIN_TOKEN_CHARACTERS} ASCII characters without spaces"
    )]
    Token,
    /// The port would be open beyond loopback without a token of the operator.
    #[error("open the control port at --control-listen {0}: set MAYFLY_CONTROL_TOKEN to a token")]
    NoToken(SocketAddr),
    /// The address is not that of loopback.
    #[error("open the control port at {0}: use an address of loopback, or --control-listen")]
    NotLoopback(SocketAddr),
}

impl ControlToken {
    /// Creates a random token.
    pub fn random() -> Self {
        let mut bytes = [0; 16];
        SystemRandom::new().fill(&mut bytes).expect("the system has random bytes");
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { text: text.into(), is_chosen: false }
    }

    /// Takes a token that an operator chose.
    ///
    /// # Errors
    /// If it is too short, or has a character that a header cannot have.
    pub fn chosen(text: &str) -> Result<Self, InvalidControl> {
        if text.len() < MIN_TOKEN_CHARACTERS || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidControl::Token);
        }
        Ok(Self { text: text.into(), is_chosen: true })
    }

    /// Returns the text of the token.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the value of `Authorization` for requests to the control port.
    pub fn authorization(&self) -> String {
        format!("Bearer {}", self.text)
    }

    /// Returns the text to print for clients, unless the operator chose it and knows it.
    pub(super) fn printed(&self) -> Option<&str> {
        (!self.is_chosen).then_some(&*self.text)
    }

    /// Compares a token in constant time.
    pub fn is(&self, presented: &str) -> bool {
        self.text.as_bytes().ct_eq(presented.as_bytes()).into()
    }
}

impl fmt::Debug for ControlToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ControlToken(…)")
    }
}

impl Control {
    /// Creates the options of a control port on loopback, at a free port.
    pub fn on_loopback(token: ControlToken) -> Self {
        Self { address: Address::Free, token }
    }

    /// Creates the options of a control port at an address of loopback.
    ///
    /// # Errors
    /// If the address is another.
    pub fn at_loopback(listen: SocketAddr, token: ControlToken) -> Result<Self, InvalidControl> {
        if !listen.ip().is_loopback() {
            return Err(InvalidControl::NotLoopback(listen));
        }
        Ok(Self { address: Address::Loopback(listen), token })
    }

    /// Creates the options of a control port at any address, which requires a token that the operator chose.
    ///
    /// # Errors
    /// If the token is random.
    pub fn at_any(listen: SocketAddr, token: ControlToken) -> Result<Self, InvalidControl> {
        if !token.is_chosen {
            return Err(InvalidControl::NoToken(listen));
        }
        Ok(Self { address: Address::Any(listen), token })
    }

    /// Returns the token of the control port.
    pub fn token(&self) -> &ControlToken {
        &self.token
    }

    /// Returns the address to bind, beside an emulated API at this address.
    pub(super) fn address_beside(&self, api: IpAddr) -> SocketAddr {
        match self.address {
            Address::Free if api.is_loopback() => SocketAddr::new(api, 0),
            Address::Free => (Ipv4Addr::LOCALHOST, 0).into(),
            Address::Loopback(listen) | Address::Any(listen) => listen,
        }
    }

    /// Returns the requirements for requests.
    pub(super) fn gate(&self) -> Gate {
        let requires_loopback_host = !matches!(self.address, Address::Any(_));
        Gate { token: self.token.clone(), requires_loopback_host }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_token_that_can_be_guessed_or_not_be_sent_is_rejected() {
        for text in
            ["", "0123456789abcde", "0123456789 abcdef", "0123456789abcdef\n", "0123456789abcdéf"]
        {
            assert_eq!(ControlToken::chosen(text).err(), Some(InvalidControl::Token), "{text:?}");
        }
        assert!(ControlToken::chosen("0123456789abcdef").is_ok());
    }

    #[test]
    fn each_random_token_is_another_and_not_printed() {
        let (one, other) = (ControlToken::random(), ControlToken::random());
        assert_eq!(one.as_str().len(), 32);
        assert_ne!(one.as_str(), other.as_str());
        assert!(!format!("{:?}", Control::on_loopback(one.clone())).contains(one.as_str()));
    }

    #[test]
    fn only_a_chosen_token_opens_an_address_beyond_loopback() {
        let any = address("0.0.0.0:7171");
        let chosen = ControlToken::chosen("0123456789abcdef").expect("a long token");
        let random = ControlToken::random;
        assert_eq!(Control::at_any(any, random()).err(), Some(InvalidControl::NoToken(any)));
        assert!(Control::at_any(any, chosen.clone()).is_ok());
        assert_eq!(Control::at_loopback(any, chosen).err(), Some(InvalidControl::NotLoopback(any)));
        for loopback in ["127.0.0.1:7171", "[::1]:0"] {
            assert!(Control::at_loopback(address(loopback), random()).is_ok());
        }
    }

    #[test]
    fn the_port_beside_an_open_api_is_on_loopback() {
        let control = Control::on_loopback(ControlToken::random());
        for (api, expected) in [
            ("0.0.0.0", "127.0.0.1:0"),
            ("10.0.0.4", "127.0.0.1:0"),
            ("::", "127.0.0.1:0"),
            ("::1", "[::1]:0"),
            ("127.0.0.2", "127.0.0.2:0"),
        ] {
            let api = api.parse().expect("an address");
            assert_eq!(control.address_beside(api), address(expected), "{api}");
        }
    }
}
