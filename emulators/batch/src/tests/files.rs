use serde_json::{Value, json};

use super::world::World;

const FILES: &str = "/jobs/runners/tasks/t1/files";

async fn world() -> World {
    let script = "echo 0123456789; mkdir sub; echo x > sub/a.txt; ln -s /etc/hostname outside";
    let mut world = World::with_script(script).await;
    world.add_runner("t1").await;
    assert_eq!(world.until_ended("t1").await, 0);
    world
}

#[tokio::test]
async fn the_files_of_a_task_are_listed() {
    let world = world().await;
    let names = async |query: &str| {
        let list = world.get(&format!("{FILES}{query}")).await.json();
        let list: Vec<_> = list["value"].as_array().unwrap().clone();
        let name = |file: &Value| file["name"].as_str().unwrap().to_owned();
        list.iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(names("").await, ["stderr.txt", "stdout.txt", "wd"]);
    let all = ["stderr.txt", "stdout.txt", "wd", "wd/outside", "wd/sub", "wd/sub/a.txt"];
    assert_eq!(names("?recursive=true").await, all);
    assert_eq!(names("?recursive=true&$filter=startswith(name,'wd/sub')").await, all[4..]);
    let list = world.get(FILES).await.json()["value"].clone();
    assert_eq!(list[1]["properties"]["contentLength"], "11");
    assert_eq!(list[1]["properties"]["contentType"], "text/plain");
    assert_eq!((&list[1]["isDirectory"], &list[2]["isDirectory"]), (&json!(false), &json!(true)));
}

#[tokio::test]
async fn a_file_is_read_whole_or_in_part() {
    let world = world().await;
    let whole = world.get(&format!("{FILES}/stdout.txt")).await;
    assert_eq!((whole.status, whole.body.as_str()), (200, "0123456789\n"));
    assert_eq!(whole.header("ocp-batch-file-isdirectory"), "False");
    assert_eq!(whole.header("ocp-batch-file-mode"), "0o100644");
    assert_eq!(whole.header("content-type"), "text/plain");
    let encoded = "files%2Fstdout.txt";
    assert!(whole.header("ocp-batch-file-url").ends_with(encoded), "{whole:?}");
    assert!(whole.header("ocp-creation-time").ends_with(" GMT"));
    let part = async |range| {
        let headers = [("ocp-range", range)];
        let answer = world.send("GET", &format!("{FILES}/stdout.txt"), &headers, "").await;
        (answer.status, answer.body)
    };
    assert_eq!(part("bytes=2-4").await, (200, "234".to_owned()));
    assert_eq!(part("bytes=8-99").await, (200, "89\n".to_owned()));
    assert_eq!(part("bytes=11-").await.0, 416);
    assert_eq!(part("lines=1-2").await.0, 400);
    let nested = world.get(&format!("{FILES}/wd%2Fsub%2Fa.txt")).await;
    assert_eq!(nested.body, "x\n");
    let properties = world.send("HEAD", &format!("{FILES}/stdout.txt"), &[], "").await;
    assert_eq!((properties.status, properties.header("content-length")), (200, "11"));
}

#[tokio::test]
async fn files_outside_the_task_are_not_found() {
    let world = world().await;
    for file in [
        "none",
        "wd/outside",
        "..%2F..%2Fx",
        "%2Fetc%2Fhostname",
        "wd/../../../../../entrypoint.sh",
    ] {
        let answer = world.get(&format!("{FILES}/{file}")).await;
        assert_eq!(answer.error(), "404 FileNotFound", "{file}");
    }
}

#[tokio::test]
async fn a_task_has_no_files_before_its_run_and_after_its_deletion() {
    let world = world().await;
    world.batch.hold_scheduling("ubuntu").unwrap();
    world.add_runner("t2").await;
    let early = world.get("/jobs/runners/tasks/t2/files").await;
    assert_eq!(early.error(), "409 TaskFilesUnavailable");
    let workitems = world.directory.path().join("ubuntu/tvm-ubuntu-1/workitems/runners/job-1");
    assert_eq!(std::fs::read_dir(&workitems).unwrap().count(), 1);
    world.send("DELETE", "/jobs/runners/tasks/t1", &[], "").await;
    let empty = async {
        while std::fs::read_dir(&workitems).unwrap().count() > 0 {
            tokio::task::yield_now().await
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), empty).await.expect("the files go");
}

#[tokio::test]
async fn files_are_deleted_at_a_clients_request() {
    let world = world().await;
    let delete = async |path: &str| world.send("DELETE", &format!("{FILES}/{path}"), &[], "").await;
    assert_eq!(delete("stderr.txt").await.status, 200);
    assert_eq!(delete("stderr.txt").await.error(), "404 FileNotFound");
    assert_eq!(delete("wd%2Fsub").await.error(), "403 IOError");
    assert_eq!(delete("wd%2Fsub?recursive=true").await.status, 200);
    assert_eq!(delete("wd/outside").await.error(), "404 FileNotFound");
    assert!(std::fs::exists("/etc/hostname").unwrap());
    let names = world.get(&format!("{FILES}?recursive=true")).await.json()["value"].clone();
    let names: Vec<_> = names.as_array().unwrap().iter().map(|file| &file["name"]).collect();
    assert_eq!(names, ["stdout.txt", "wd", "wd/outside"]);
}

#[tokio::test]
async fn the_files_of_a_node_are_laid_out_as_batch_does() {
    let mut world = world().await;
    world.add_runner("t2").await;
    world.until_ended("t2").await;
    let node = "/pools/ubuntu/nodes/tvm-ubuntu-1/files";
    let names = async |query: &str| {
        let list = world.get(&format!("{node}{query}")).await.json()["value"].clone();
        let name = |file: &Value| file["name"].as_str().unwrap().to_owned();
        list.as_array().unwrap().iter().map(name).collect::<Vec<_>>()
    };
    let top = ["applications", "fsmounts", "shared", "startup", "volatile", "workitems"];
    assert_eq!(names("").await, top);
    let task = "workitems/runners/job-1/t1";
    let below = format!("?recursive=true&$filter=startswith(name,'{task}')");
    let expected =
        ["", "/stderr.txt", "/stdout.txt", "/wd", "/wd/outside", "/wd/sub", "/wd/sub/a.txt"];
    assert_eq!(names(&below).await, expected.map(|name| format!("{task}{name}")));
    assert_eq!(names("?recursive=true&maxresults=3").await.len(), 3);
    // The task names its directory on the node.
    let info = world.task("t1").await["nodeInfo"].clone();
    assert_eq!(info["taskRootDirectory"], task);
    for path in [format!("{task}/stdout.txt"), format!("{task}/stdout.txt").replace('/', "%2F")] {
        let read = world.get(&format!("{node}/{path}")).await;
        assert_eq!((read.status, read.body.as_str()), (200, "0123456789\n"));
        let head = world.send("HEAD", &format!("{node}/{path}"), &[], "").await;
        assert_eq!((head.status, head.header("content-length")), (200, "11"));
    }
    let part = [("ocp-range", "bytes=1-2")];
    let part = world.send("GET", &format!("{node}/{task}/stdout.txt"), &part, "").await;
    assert_eq!(part.body, "12");
    for missing in [
        "none",
        "workitems/runners/job-1/none/stdout.txt",
        "workitems/runners/job-1/t1-1/stdout.txt",
        &format!("{task}/wd/outside"),
        "..%2F..%2F..%2Fetc%2Fhostname",
    ] {
        let answer = world.get(&format!("{node}/{missing}")).await;
        assert_eq!(answer.error(), "404 FileNotFound", "{missing}");
    }
    let deleted = world.send("DELETE", &format!("{node}/{task}/stdout.txt"), &[], "").await;
    assert_eq!(deleted.status, 200);
    assert_eq!(world.get(&format!("{FILES}/stdout.txt")).await.error(), "404 FileNotFound");
    let all = world.send("DELETE", &format!("{node}/workitems?recursive=true"), &[], "").await;
    assert_eq!(all.error(), "403 IOError");
    let unknown = world.get("/pools/ubuntu/nodes/none/files").await;
    assert_eq!(unknown.error(), "404 NodeNotFound");
}

#[tokio::test]
async fn a_finished_tasks_files_stay_until_its_node_leaves() {
    let world = world().await;
    // A day after its end, with the time that the default clock would skip.
    world.clock.advance(std::time::Duration::from_secs(86_400));
    assert_eq!(world.get(&format!("{FILES}/stdout.txt")).await.body, "0123456789\n");
    let file = "/pools/ubuntu/nodes/tvm-ubuntu-1/files/workitems/runners/job-1/t1/stdout.txt";
    assert_eq!(world.get(file).await.body, "0123456789\n");
    world.batch.resize("ubuntu", 0).unwrap();
    assert_eq!(world.get(&format!("{FILES}/stdout.txt")).await.error(), "404 NodeNotFound");
    assert_eq!(world.get(file).await.error(), "404 NodeNotFound");
}

#[tokio::test]
async fn a_start_tasks_output_is_a_file_of_its_node() {
    let mut world = World::with_script("echo ready").await;
    let start = json!({ "commandLine": "/bin/echo started", "waitForSuccess": true });
    let patch = json!({ "startTask": start }).to_string();
    assert_eq!(world.send("PATCH", "/pools/ubuntu", &[], &patch).await.status, 200);
    world.batch.lose_node("tvm-ubuntu-1", crate::Loss::Died).unwrap();
    world.add_runner("t1").await;
    world.until_ended("t1").await;
    let output = "/pools/ubuntu/nodes/tvm-ubuntu-1/files/startup%2Fstdout.txt";
    let output = world.get(output).await;
    assert_eq!((output.status, output.body.as_str()), (200, "started\n"));
}

#[tokio::test]
async fn files_are_kept_as_long_as_their_task_says() {
    let mut world = World::with_script("echo out").await;
    let task = json!({
        "id": "t1",
        "commandLine": "",
        "containerSettings": { "imageName": "runner" },
        "constraints": { "retentionTime": "PT2H" },
    });
    world.add(task).await;
    world.until_ended("t1").await;
    world.clock.advance(std::time::Duration::from_secs(7_100));
    assert_eq!(world.until_file("t1", "stdout.txt").await, "out\n");
    world.clock.advance(std::time::Duration::from_secs(100));
    let deleted = world.get("/jobs/runners/tasks/t1/files/stdout.txt").await;
    assert_eq!(deleted.error(), "409 TaskFilesCleanedup");
}
