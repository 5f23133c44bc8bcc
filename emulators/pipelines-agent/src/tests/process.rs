//! The program, as an entrypoint starts it.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use azure_pipelines_emulator::{Options, Pipelines, Pool, TaskResult};
use emulator_core::clock::Clock;
use emulator_core::events::EventContext;
use emulator_core::service;
use emulator_core::service::Service;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use super::{TOKEN, World, job};
use crate::{Outcome, ReturnCode, home};

/// Starts an organization behind a socket, on this machine's clock.
async fn world() -> (World, service::Listening) {
    let context = EventContext::new(Clock::of_this_machine());
    let (clock, events) = (context.clock.clone(), context.subscribe());
    let pipelines = Pipelines::new(Options::new("contoso", TOKEN, 1), context);
    pipelines.add_pool(Pool::named("linux"));
    let service = Service::new(Arc::clone(&pipelines));
    let listening = service::serve(Arc::clone(&service), (Ipv4Addr::LOCALHOST, 0).into());
    let listening = listening.await.unwrap();
    (World { pipelines, service, clock, events }, listening)
}

/// Writes the files to a folder as an entrypoint does; returns its path and the socket of notifications.
async fn write_home(world: &World, url: &str) -> (tempfile::TempDir, TcpListener) {
    let files = world.register("az-1").await;
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    for (name, text) in &files {
        let text = text.replace("http://devops.test", url);
        let address =
            format!("\"notificationSocketAddress\":\"{}\",", socket.local_addr().unwrap());
        let text = match *name {
            ".agent" => text.replacen('{', &format!("{{{address}"), 1),
            _ => text,
        };
        std::fs::write(home.path().join(name), text).unwrap();
    }
    (home, socket)
}

async fn received(socket: TcpListener) -> String {
    let (mut stream, _) = socket.accept().await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn the_program_serves_a_job_over_a_socket_and_reports_it() {
    let (world, listening) = world().await;
    let (home, socket) = write_home(&world, &listening.url).await;
    let mut quick = job();
    quick.work.runs_for_ms = 10;
    let request = world.pipelines.queue_job(quick).request();
    let args = ["run", "--once"].map(str::to_owned);
    let environment = BTreeMap::new();
    let (code, text) =
        tokio::join!(crate::main(&args, &environment, home.path()), received(socket));
    assert_eq!(format!("{code:?}"), format!("{:?}", std::process::ExitCode::SUCCESS));
    let known = world.pipelines.request(request).unwrap();
    assert_eq!(known.result, Some(TaskResult::Succeeded));
    let job = known.job_id;
    assert_eq!(text, format!("Starting job: {job}Finished job: {job}<EOF>"));
}

#[test]
fn a_folder_has_the_program_its_version_and_its_variables() {
    let home = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        crate::install_agent(home.path(), std::path::Path::new("/bin/true")).unwrap();
    }
    let program = home.path().join("bin/Agent.Listener");
    assert_eq!(crate::agent_home(program.as_os_str()).as_deref(), Some(home.path()));
    assert_eq!(crate::agent_home(std::ffi::OsStr::new("bin/mayfly")), None);
    assert_eq!(home::version(home.path()), crate::VERSION);
    let updated_to = Some("4.275.0".to_owned());
    let code = Some(ReturnCode::RunOnceAgentUpdating);
    let code = crate::program::end(home.path(), &Outcome { code, job: None, updated_to });
    assert_eq!(format!("{code:?}"), format!("{:?}", std::process::ExitCode::from(4)));
    assert_eq!(home::version(home.path()), "4.275.0");
    std::fs::write(home.path().join(".env"), "TEAM=build\nLANG = C.UTF-8\n").unwrap();
    let inherited = [("TEAM".to_owned(), "other".to_owned()), ("HOME".to_owned(), "/".to_owned())];
    let environment = home::environment(home.path(), &inherited.into());
    let lines: Vec<_> = environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(lines, ["HOME=/", "LANG= C.UTF-8", "TEAM=build"]);
}

#[tokio::test]
async fn a_folder_without_files_ends_with_1() {
    let home = tempfile::tempdir().unwrap();
    let args = ["run", "--once"].map(str::to_owned);
    let code = crate::main(&args, &BTreeMap::new(), home.path()).await;
    assert_eq!(format!("{code:?}"), format!("{:?}", std::process::ExitCode::from(1)));
}
