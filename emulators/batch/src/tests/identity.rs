//! The user, working directory, stop timeout and temporary folder of containers, emulated by
//! processes.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::world::{World, write_script};
use crate::launch::{Home, Process, TemporaryFolder};

/// A script with the requirements of the runner images' entrypoint on its home folder.
const LIKE_ENTRYPOINT: &str = r#"
[ -x "$RUNNER_HOME/run.sh" ] || { echo 'missing: the runner'; exit 64; }
: >"$RUNNER_HOME/.runner" || exit 1
[ "$PWD" = "$RUNNER_HOME" ] && echo 'in the home folder' || echo "in $(basename "$PWD")"
"#;

/// Starts an account whose tasks have a runner in their image's home folder, accessible to
/// `runner`.
async fn world(script: &str, temporary: Option<TemporaryFolder>) -> World {
    let process =
        Process { program: "replaced".into(), home: None, environment: [].into(), temporary };
    World::start_with(process.clone(), 1, |options| {
        let (program, template) =
            (options.work_dir.join("entrypoint.sh"), options.work_dir.join("image"));
        write_script(&program, script);
        std::fs::create_dir(&template).unwrap();
        write_script(&template.join("run.sh"), "exit 0");
        // The auto-user must reach the entrypoint; a test's folder is private by default.
        let passable = std::fs::Permissions::from_mode(0o711);
        std::fs::set_permissions(&options.work_dir, passable).unwrap();
        let home = Some(home(&template));
        options.launcher = std::sync::Arc::new(Process { program, home, ..process });
    })
    .await
}

/// Returns the home folder of an image whose `USER` is 1001, named `runner`.
pub(super) fn home(template: &Path) -> Home {
    let users = ["1001", "runner"].map(str::to_owned).to_vec();
    Home { template: template.to_owned(), users }
}

/// Returns a task's user identity with this elevation level.
pub(super) fn identity(level: &str) -> Value {
    json!({ "autoUser": { "scope": "pool", "elevationLevel": level } })
}

fn task(id: &str, identity: Option<Value>, container: Value) -> Value {
    let mut settings = json!({ "imageName": "runner" });
    settings.as_object_mut().unwrap().extend(container.as_object().unwrap().clone());
    let mut task = json!({ "id": id, "commandLine": "", "containerSettings": settings });
    if let Some(identity) = identity {
        task["userIdentity"] = identity;
    }
    task
}

/// Runs a task to its end; returns its code and its output.
async fn outcome(world: &mut World, task: Value) -> (i32, String) {
    let id = task["id"].as_str().unwrap().to_owned();
    assert_eq!(world.add(task).await.status, 201);
    let code = world.until_ended(&id).await;
    (code, world.until_file(&id, "stdout.txt").await)
}

#[tokio::test]
async fn a_container_runs_as_the_auto_user_unless_the_task_is_admin() {
    let mut world = world(LIKE_ENTRYPOINT, None).await;
    let missing = || (64, "missing: the runner\n".to_owned());
    let works = || (0, "in wd\n".to_owned());
    let admin = || Some(identity("admin"));
    let as_user = |user: &str| json!({ "containerRunOptions": format!("--user {user}") });
    for (id, task_identity, container, expected) in [
        ("absent", None, json!({}), missing()),
        ("nonadmin", Some(identity("nonadmin")), json!({}), missing()),
        ("nonadmin-user", Some(identity("nonadmin")), as_user("1001"), missing()),
        ("admin", admin(), json!({}), works()),
        ("admin-number", admin(), as_user("1001"), works()),
        ("admin-name", admin(), as_user("runner:docker"), works()),
        ("admin-other", admin(), as_user("4711"), missing()),
    ] {
        let outcome = outcome(&mut world, task(id, task_identity, container)).await;
        assert_eq!(outcome, expected, "{id}");
    }
}

#[tokio::test]
async fn a_task_may_start_in_the_images_working_directory() {
    let mut world = world(LIKE_ENTRYPOINT, None).await;
    for (directory, expected) in
        [("taskWorkingDirectory", "in wd\n"), ("containerImageDefault", "in the home folder\n")]
    {
        let task =
            task(directory, Some(identity("admin")), json!({ "workingDirectory": directory }));
        assert_eq!(outcome(&mut world, task).await, (0, expected.to_owned()));
    }
}

#[tokio::test]
async fn the_auto_user_can_write_to_its_task_but_not_to_home() {
    let script =
        r#"echo x >here && echo 'wrote here'; ls "$RUNNER_HOME" 2>/dev/null || echo 'no home'"#;
    let mut world = world(script, None).await;
    let (code, output) = outcome(&mut world, task("t1", None, json!({}))).await;
    assert_eq!((code, output.as_str()), (0, "wrote here\nno home\n"));
}

#[tokio::test]
async fn a_task_with_an_inaccessible_home_can_be_deleted() {
    let mut world = world("exit 0", None).await;
    assert_eq!(world.add(task("t1", None, json!({}))).await.status, 201);
    world.until_ended("t1").await;
    let directory = |world: &World| {
        let found = folders_below(world.directory.path());
        found.into_iter().find(|path| path.ends_with("wd/runner"))
    };
    assert!(directory(&world).is_some());
    assert_eq!(world.send("DELETE", "/jobs/runners/tasks/t1", &[], "").await.status, 200);
    while directory(&world).is_some() {
        tokio::task::yield_now().await;
    }
}

/// Lists a folder and all folders below it.
fn folders_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = vec![folder.to_owned()];
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for folder in entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        found.extend(folders_below(&folder.path()));
    }
    found
}

const STUBBORN: &str = "trap '' TERM\necho up\nwhile :; do sleep 0.1; done";
const TIDY: &str = "trap 'sleep 1; echo tidy; exit 143' TERM\necho up\nwhile :; do sleep 0.1; done";

#[tokio::test]
async fn the_grace_period_is_an_option_of_the_account() {
    let change = |grace| move |options: &mut crate::Options| options.grace = grace;
    for (script, grace, ends_with) in [
        (STUBBORN, Duration::from_millis(100), "up\n"),
        (TIDY, Duration::from_millis(100), "up\n"),
        (TIDY, Duration::from_secs(20), "up\ntidy\n"),
    ] {
        let output = terminated(script, change(grace), json!({})).await;
        assert_eq!(output, ends_with, "{script} within {grace:?}");
    }
}

#[tokio::test]
async fn a_stop_timeout_of_the_container_overrides_the_grace() {
    let change = |grace| move |options: &mut crate::Options| options.grace = grace;
    let timeout = |seconds: u32| json!({ "containerRunOptions": format!("--user 1001 --stop-timeout {seconds}") });
    let longer = terminated(TIDY, change(Duration::from_millis(100)), timeout(20)).await;
    assert_eq!(longer, "up\ntidy\n");
    let shorter = terminated(STUBBORN, change(Duration::from_secs(3600)), timeout(0)).await;
    assert_eq!(shorter, "up\n");
}

/// Terminates a running task and returns its output after its process has ended.
async fn terminated(
    script: &str,
    change: impl FnOnce(&mut crate::Options),
    container: Value,
) -> String {
    let process =
        Process { program: "replaced".into(), home: None, environment: [].into(), temporary: None };
    let mut world = World::start_with(process.clone(), 1, |options| {
        let program = options.work_dir.join("entrypoint.sh");
        write_script(&program, script);
        options.launcher = std::sync::Arc::new(Process { program, ..process });
        change(options);
    })
    .await;
    world.add(task("t1", Some(identity("admin")), container)).await;
    world.until_file("t1", "stdout.txt").await;
    assert_eq!(world.post("/jobs/runners/tasks/t1/terminate", &Value::Null).await.status, 204);
    world.until_ended("t1").await;
    world.until_file("t1", "stdout.txt").await
}

#[tokio::test]
async fn a_full_temporary_folder_accepts_no_file() {
    let script = r#"
        [ "$(basename "$TMPDIR")" = tmp ] || exit 9
        mktemp >/dev/null 2>&1 && echo 'made a file' || echo full
        echo x >"$RUNNER_HOME/.runner" && echo 'the home folder is not'"#;
    // Root can write despite permissions, so the folder must be a full file system.
    let full = TemporaryFolder { bytes: 0, files: 0 };
    let mut world = world(script, Some(full)).await;
    let task = task("t1", Some(identity("admin")), json!({}));
    assert_eq!(outcome(&mut world, task).await, (0, "full\nthe home folder is not\n".to_owned()));
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap();
    let here = world.directory.path().to_string_lossy().into_owned();
    assert!(!mounts.contains(&here), "the folder is still mounted");
}

#[tokio::test]
async fn a_temporary_folder_is_full_after_its_last_page_for_root() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let script = r#"
        dd if=/dev/zero of="$TMPDIR/a" bs=4096 count=2 2>&1 | grep -o 'No space left on device'
        wc -c <"$TMPDIR/a""#;
    let limits = TemporaryFolder { bytes: 4096, files: 10 };
    let mut world = world(script, Some(limits)).await;
    let task = task("t1", Some(identity("admin")), json!({}));
    let expected = "No space left on device\n4096\n".to_owned();
    assert_eq!(outcome(&mut world, task).await, (0, expected));
}
