//! Tasks in containers, with a fake engine that prints its arguments.

use serde_json::{Value, json};

use super::identity::identity;
use super::world::{World, write_script};
use crate::launch::Container;

/// `run` prints its arguments and waits for `stop`, unless the image is `fails`.
const ENGINE: &str = r#"
state=$(dirname "$0")
case $1 in
run)
  while [ "$1" != --name ]; do shift; done
  name=$2
  echo "$*" | sed "s|$name|NAME|; s|$state|ROOT|g; s/ --env AZ_BATCH_[A-Z_]*//g"
  case $* in *fails*) exit 125 ;; esac
  case $PATH in *image*) exit 1 ;; esac
  echo "token: $TOKEN"
  mkfifo "$state/$name"
  read -r code < "$state/$name"
  exit "$code" ;;
stop) echo "$3" >"$state/stopped-within"; echo 143 > "$state/$4" ;;
*) exit 1 ;;
esac
"#;

async fn world() -> World {
    let launcher = Container { engine: "replaced".into(), arguments: Vec::new() };
    World::start_with(launcher, 1, |options| {
        let engine = options.work_dir.join("engine");
        write_script(&engine, ENGINE);
        options.launcher = std::sync::Arc::new(Container { engine, arguments: Vec::new() });
    })
    .await
}

fn task(id: &str, settings: Value) -> Value {
    let variables = json!([
        { "name": "TOKEN", "value": "secret" },
        { "name": "PATH", "value": "/of/the/image" },
    ]);
    json!({
        "id": id,
        "commandLine": "--once 'two words'",
        "containerSettings": settings,
        "environmentSettings": variables,
    })
}

#[tokio::test]
async fn a_container_gets_secrets_by_name_and_stops_on_termination() {
    let mut world = world().await;
    let settings = json!({
        "imageName": "runner:1",
        "containerRunOptions": "--init --cpus 2",
        "containerHostBatchBindMounts": [{ "source": "Task", "isReadOnly": true }],
    });
    world.add(task("t1", settings)).await;
    while !world.until_file("t1", "stdout.txt").await.contains("token") {}
    let output = world.until_file("t1", "stdout.txt").await;
    insta::assert_snapshot!(output, @r"
    --name NAME --network host --env PATH=/of/the/image --env TOKEN --volume ROOT/ubuntu/tvm-ubuntu-1/workitems/runners/job-1/t1-2:ROOT/ubuntu/tvm-ubuntu-1/workitems/runners/job-1/t1-2:ro --workdir ROOT/ubuntu/tvm-ubuntu-1/workitems/runners/job-1/t1-2/wd --init --cpus 2 --user 20001:20001 runner:1 --once two words
    token: secret
    ");
    assert_eq!(world.post("/jobs/runners/tasks/t1/terminate", &Value::Null).await.status, 204);
    assert_eq!(world.until_ended("t1").await, 143);
    assert_eq!(stopped_within(&world), "10\n");
}

#[tokio::test]
async fn a_container_mounts_the_whole_node_unless_limited() {
    let mut world = world().await;
    let none = json!({ "imageName": "fails", "containerHostBatchBindMounts": [] });
    for (id, settings) in [("all", json!({ "imageName": "fails" })), ("none", none)] {
        world.add(task(id, settings)).await;
        world.until_ended(id).await;
        let output = world.until_file(id, "stdout.txt").await;
        let mounts: Vec<_> =
            output.split(" --").filter(|part| part.starts_with(['t', 'u', 'v', 'w'])).collect();
        match id {
            "all" => insta::assert_snapshot!(mounts.join("\n"), @r"
            volume ROOT/ubuntu/tvm-ubuntu-1:ROOT/ubuntu/tvm-ubuntu-1
            workdir ROOT/ubuntu/tvm-ubuntu-1/workitems/runners/job-1/all-2/wd
            user 20001:20001 fails
            "),
            // Docker would create the directory as root.
            _ => insta::assert_snapshot!(mounts.join("\n"), @r"
            tmpfs ROOT/ubuntu/tvm-ubuntu-1/workitems/runners/job-1/none-4/wd:mode=0755
            workdir ROOT/ubuntu/tvm-ubuntu-1/workitems/runners/job-1/none-4/wd
            user 20001:20001 fails
            "),
        }
        let failure = world.task(id).await["executionInfo"]["failureInfo"]["code"].clone();
        assert_eq!(failure, "ContainerInvalidSettings");
    }
}

#[tokio::test]
async fn an_admin_task_keeps_the_images_user_and_its_own_options() {
    let mut world = world().await;
    let settings = json!({
        "imageName": "runner:1",
        "containerRunOptions": "--user 1001 --stop-timeout 30",
        "workingDirectory": "containerImageDefault",
        "containerHostBatchBindMounts": [],
    });
    let mut task = task("t1", settings);
    task["userIdentity"] = identity("admin");
    assert_eq!(world.add(task).await.status, 201);
    while !world.until_file("t1", "stdout.txt").await.contains("token") {}
    let arguments = world.until_file("t1", "stdout.txt").await;
    insta::assert_snapshot!(arguments, @r"
    --name NAME --network host --env PATH=/of/the/image --env TOKEN --user 1001 --stop-timeout 30 runner:1 --once two words
    token: secret
    ");
    assert_eq!(world.post("/jobs/runners/tasks/t1/terminate", &Value::Null).await.status, 204);
    assert_eq!(world.until_ended("t1").await, 143);
    assert_eq!(stopped_within(&world), "30\n");
}

/// Returns the stop timeout of the last stopped container, in seconds.
fn stopped_within(world: &World) -> String {
    std::fs::read_to_string(world.directory.path().join("stopped-within")).unwrap()
}
