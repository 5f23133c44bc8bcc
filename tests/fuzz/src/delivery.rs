//! A webhook delivery: rejected if it is unsigned, decided or rejected if it is signed.

use chrono::DateTime;
use handler::admission::{Decision, Policy, decide};
use handler::message::Message;
use handler::profiles::default_profiles;
use handler::repository::AllowedRepositories;
use handler::scope::Scope;
use handler::secret::Rotating;
use handler::webhook::verify;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const SECRET: &str = "a secret that no input contains";

/// Checks the signature and the decision. The first byte of the input selects event and policy; the rest is the body.
///
/// # Panics
/// Panics if an unsigned body is accepted, or a runner is requested for a repository that is not allowed.
pub fn webhook(input: &[u8]) {
    let [choice, body @ ..] = input else { return };
    let secret = Rotating::parse(SECRET).expect("a secret");
    let guess = String::from_utf8_lossy(body);
    assert!(verify(&secret, Some(&guess), body).is_err(), "accepted an unsigned body");
    let signature = signature(body);
    let delivery = verify(&secret, Some(&signature), body).expect("a signed body");
    let event = ["workflow_job", "workflow_job", "ping", &guess][usize::from(choice & 3)];
    let event = match delivery.parse(event) {
        Ok(event) => event,
        Err(bad) => return crate::assert_loggable(&bad.to_string()),
    };
    let policy = Policy {
        profiles: default_profiles("ubuntu", "windows"),
        allowed: AllowedRepositories::parse("octo/*").expect("a glob"),
        public_repositories: choice & 4 != 0,
    };
    let deployment = "gh".parse().expect("a name");
    let scopes = [Scope::Repository, Scope::Organization];
    let scope = &scopes[usize::from(choice >> 3 & 1)];
    match decide(&event, &policy, scope, &deployment, DateTime::UNIX_EPOCH) {
        Ok(Decision::Accept(request)) => {
            let owner = request.repository.owner().to_ascii_lowercase();
            assert_eq!(owner, "octo", "requested a runner for {}", request.repository);
            read_back(&Message::Request(request));
        }
        Ok(Decision::Record(message)) => read_back(&message),
        Ok(Decision::Ignore(reason)) => crate::assert_loggable(&reason),
        Err(bad) => crate::assert_loggable(&bad.to_string()),
    }
}

/// Checks that an encoded message is decoded to the same message.
pub(crate) fn read_back(message: &Message) {
    use base64::Engine;
    let json = base64::prelude::BASE64_STANDARD.decode(message.encode()).expect("base64");
    let json = String::from_utf8(json).expect("text");
    assert_eq!(Message::decode(&json).expect("a message"), *message);
}

fn signature(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length");
    mac.update(body);
    let hex =
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("sha256={hex}")
}
