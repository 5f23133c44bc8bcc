//! Where control ports listen, and the starts that are refused.

use std::process::Command;

use crate::control::Port;
use crate::program::Emulated;

const TOKEN: &str = "chosen-by-the-operator";

/// Returns the error of a start that fails.
fn error(arguments: &[&str], token: Option<&str>) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mayfly"));
    command.args(arguments).envs(token.map(|token| ("MAYFLY_CONTROL_TOKEN", token)));
    let output = command.output().expect("the program of this package");
    assert!(!output.status.success(), "{arguments:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}: it was ready");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn an_open_control_port_without_a_token_refuses_the_start() {
    for arguments in [
        &["emulate", "queue", "--control-listen", "0.0.0.0:0"][..],
        &["emulate", "batch", "--control-listen", "0.0.0.0:0"],
        &["up", "--control-listen", "0.0.0.0:0"],
    ] {
        let error = error(arguments, None);
        let expected = "failed to open the control port at --control-listen 0.0.0.0:0: set MAYFLY_CONTROL_TOKEN";
        assert!(error.contains(expected), "{error}");
    }
    let open = ["emulate", "github", "--control-listen", "0.0.0.0:0"];
    for short in ["", "123456789012345"] {
        let error = error(&open, Some(short));
        assert!(error.contains("failed to use the token MAYFLY_CONTROL_TOKEN"), "{error}");
    }
}

#[test]
fn the_port_of_up_is_on_loopback() {
    for token in [None, Some(TOKEN)] {
        let error = error(&["up", "--listen", "0.0.0.0:0"], token);
        let expected = "failed to open the control port at 0.0.0.0:0: use an address of loopback";
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn an_open_api_has_its_control_port_on_loopback() {
    let open = Emulated::start(&["queue", "--listen", "0.0.0.0:0"]);
    let control = open.ready["control"].as_str().expect("a control port");
    assert!(control.starts_with("http://127.0.0.1:"), "{control}");
}

#[tokio::test]
async fn a_chosen_token_opens_the_port_to_other_names() {
    let arguments = ["github", "--control-listen", "0.0.0.0:0"];
    let emulated = Emulated::start_with(&arguments, Some(TOKEN));
    assert!(emulated.ready["token"].is_null(), "the operator knows it: {}", emulated.ready);
    let control = emulated.ready["control"].as_str().expect("a control port");
    let url = control.replace("0.0.0.0", "127.0.0.1");
    let port = Port::at(url.clone(), TOKEN.to_owned());
    let host = ("host", "emulators:7171");
    assert_eq!(port.send("GET", "/calls", &[host]).await.0, 200);
    assert_eq!(port.send("DELETE", "/faults", &[host]).await.0, 200);
    assert_eq!(port.send("GET", "/calls", &[host, ("origin", "http://emulators")]).await.0, 403);
    assert_eq!(port.send("DELETE", "/faults", &[host, ("content-type", "")]).await.0, 415);
    let stranger = Port::at(url, "another-token-of-anyone".to_owned());
    assert_eq!(stranger.send("GET", "/calls", &[host]).await.0, 401);
}
