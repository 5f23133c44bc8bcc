//! Cases of `config.sh` in which actions/runner 2.336.0 was observed: the return code, the duration and the output; and
//! the files of a JIT configuration. In virtual time.

use http::Method;
use serde_json::Value;

use super::Program;
use super::scene::Action::{self, *};
use super::scene::{ALWAYS, HOUR, Scene};
use github_emulator::{NewJob, VersionCheck};

/// Cases of `config.sh`: the name, the actions before it, and its additional arguments.
const REGISTRATIONS: &[(&str, &[Action], &[&str])] = &[
    ("good token", &[], &[]),
    ("401", &[Fail("RegisterRunner", ALWAYS, 401)], &[]),
    ("403", &[Fail("RegisterRunner", ALWAYS, 403)], &[]),
    ("500", &[Fail("RegisterRunner", ALWAYS, 500)], &[]),
    ("500 twice", &[Fail("RegisterRunner", 2, 500)], &[]),
    ("404", &[Fail("RegisterRunner", ALWAYS, 404)], &[]),
    ("service down", &[Unreachable(HOUR)], &[]),
    ("no such group", &[], &["--runnergroup", "no such group"]),
    ("same name", &[], &["--name", "gh-1"]),
    ("same name, replaced", &[], &["--name", "gh-1", "--replace"]),
];

async fn registration(
    version_check: Option<VersionCheck>,
    (name, before, args): (&str, &[Action], &[&str]),
) -> String {
    let mut scene = Scene::new(version_check).await;
    let path = "/repos/octo/app/actions/runners/registration-token";
    let token = scene.api(Method::POST, path, Value::Null).await["token"].clone();
    for action in before {
        scene.apply(*action).await;
    }
    let started = scene.context.clock.now();
    let program = Program::new();
    let fixed = ["configure", "--url", "http://github.test/octo/app", "--ephemeral", "--token"];
    let args = [&fixed[..], &[token.as_str().unwrap()], args].concat();
    let code = program.start_on(scene.transport(), &args).await.unwrap().code();
    let seconds = (scene.context.clock.now() - started).num_seconds();
    let output = program.output().trim_end().replace('\n', " / ");
    format!("{name}: {code} after {seconds} s; {output}")
}

#[tokio::test(start_paused = true)]
async fn registrations_end_as_observed() {
    let mut lines = Vec::new();
    for case in REGISTRATIONS {
        lines.push(registration(None, *case).await);
    }
    let too_old = Some(VersionCheck::Registration);
    lines.push(registration(too_old, ("version rejected", &[], &[])).await);
    insta::assert_snapshot!(lines.join("\n"), @r#"
    good token: 0 after 0 s; √ Runner successfully added / √ Runner connection is good / √ Settings Saved.
    401: 1 after 7 s; Http response code: Unauthorized from 'POST http://github.test/_services/runners' / injected by the control port / Response status code does not indicate success: 401 (Unauthorized).
    403: 1 after 7 s; Http response code: Forbidden from 'POST http://github.test/_services/runners' / injected by the control port / Response status code does not indicate success: 403 (Forbidden).
    500: 1 after 7 s; Http response code: InternalServerError from 'POST http://github.test/_services/runners' / injected by the control port / Response status code does not indicate success: 500 (Internal Server Error).
    500 twice: 0 after 7 s; √ Runner successfully added / √ Runner connection is good / √ Settings Saved.
    404: 1 after 0 s; Http response code: NotFound from 'POST http://github.test/_services/runners' / injected by the control port / Response status code does not indicate success: 404 (Not Found).
    service down: 1 after 7 s; Connection refused
    no such group: 1 after 0 s; Could not find any self-hosted runner group named "no such group".
    same name: 1 after 0 s; A runner exists with the same name.
    same name, replaced: 0 after 0 s; √ Runner successfully added / √ Runner connection is good / √ Settings Saved.
    version rejected: 1 after 0 s; Http response code: NotFound from 'POST http://github.test/_services/runners' / Your runner version is out of date and can no longer register with GitHub. The minimum runner version is now 2.1000.0. / Response status code does not indicate success: 404 (Not Found).
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_jit_configuration_has_githubs_format() {
    let scene = Scene::new(None).await;
    let read = |name: &str| scene.program.read(name);
    insta::assert_snapshot!(read(".runner"), @r#"{"AgentId":"21","AgentName":"gh-1","DisableUpdate":"True","Ephemeral":"True","PoolId":"1","PoolName":"Default","ServerUrl":"http://github.test/_services/","ServerUrlV2":"http://github.test/_services/","UseV2Flow":"True","WorkFolder":"_work"}"#);
    let credentials: Value = serde_json::from_str(&read(".credentials")).unwrap();
    let client = credentials["data"]["clientId"].as_str().unwrap();
    assert!(uuid::Uuid::parse_str(client).is_ok(), "{client}");
    insta::assert_snapshot!(read(".credentials").replace(client, "<uuid>"), @r#"{"data":{"authorizationUrl":"http://github.test/_services/token","clientId":"<uuid>","requireFipsCryptography":"True"},"scheme":"OAuth"}"#);
    let key: Value = serde_json::from_str(&read(".credentials_rsaparams")).unwrap();
    let names: Vec<&String> = key.as_object().unwrap().keys().collect();
    assert_eq!(names, ["d", "dp", "dq", "exponent", "inverseQ", "modulus", "p", "q"]);
    let second = Program::new();
    scene.github.queue_job(NewJob::new("octo/app", &["linux"]));
    let running = second.start_on(scene.transport(), &["run", "--jitconfig", &scene.config]);
    assert_eq!(running.await.unwrap().code(), 0);
}
