"""A node of the pool for Docker in jobs: Docker in namespaces of the test, with Azure's platform beside it.

tests/suites/docker-jobs.sh runs the tests in namespaces of network, mounts and processes of their own.
"""

import os
import pathlib
import re
import shutil
import subprocess
import time
from dataclasses import dataclass, field

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
WORK = pathlib.Path(os.environ["WORK"])
# An archive of the image to test. Without it, the tests make one that uses the programs of this machine.
IMAGE = os.environ.get("DOCKER_IMAGE_ARCHIVE", "")
METADATA, REGISTRY = "169.254.169.254", "203.0.113.7"
TIMEOUT = 60

os.environ["DOCKER_HOST"] = "unix:///run/node.sock"


def run(*command: str, **more: object) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end, and returns its result."""
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, **more)


def output(*command: str) -> list[str]:
    """Runs a program that must succeed, and returns the lines of its output."""
    done = run(*command)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout.splitlines()


def run_options() -> str:
    """Returns the options that the handler gives a profile with `docker`, with the timeout that each Linux profile has."""
    source = (ROOT / "handler/src/profiles/engine.rs").read_text()
    found = re.search(r'DOCKER_OPTIONS: &str = "(.*)";', source)
    assert found
    return f"{found[1]} --stop-timeout 30"


@dataclass
class Node:
    """Docker on a node, and the image of the profile."""

    options: list[str] = field(default_factory=lambda: run_options().split())

    def __post_init__(self) -> None:
        isolate()
        self.connect_platform()
        self.start()
        if IMAGE:
            self.image = output("docker", "load", "--quiet", "--input", IMAGE)[-1].split()[-1]
            self.options += ["--volume", f"{shutil.which('busybox')}:/usr/bin/busybox:ro"]
        else:
            self.image = make_image()
            self.options += machine_options()
        entrypoint = f"{HERE / 'run-job.sh'}:/opt/mayfly/entrypoint.sh:ro"
        self.options += ["--volume", entrypoint, "--volume", f"{HERE}:/tests:ro"]

    def start(self) -> None:
        """Starts Docker, and waits until it responds."""
        runtime = ["--add-runtime", f"here={HERE / 'runtime.sh'}", "--default-runtime", "here"]
        places = ["--data-root", str(WORK / "data"), "--exec-root", "/run/node", "--pidfile", "/run/node.pid"]
        command = ["dockerd", *runtime, *places, "--cgroup-parent", "/mayfly-tests", "--host", os.environ["DOCKER_HOST"]]
        with (WORK / "dockerd.log").open("a") as log:
            self.engine = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + TIMEOUT
        while run("docker", "version").returncode:
            assert time.monotonic() < deadline and self.engine.poll() is None, (WORK / "dockerd.log").read_text()[-2000:]
            time.sleep(0.1)

    def die(self) -> None:
        """Ends Docker and all containers without warning, as the end of the node's power does."""
        self.engine.kill()
        self.engine.wait()
        run("busybox", "killall", "-KILL", "containerd", "containerd-shim-runc-v2")
        for folder in pathlib.Path("/sys/fs/cgroup/mayfly-tests").iterdir():
            if folder.is_dir():
                (folder / "cgroup.kill").write_text("1")
        # What is in memory is lost, too.
        for mount in reversed(pathlib.Path("/proc/mounts").read_text().splitlines()):
            if mount.split()[1].startswith(("/run/", f"{WORK}/")):
                run("umount", "--lazy", mount.split()[1])
        output("bash", "-c", "rm -rf /run/node /run/node.* /run/docker")
        remove_groups()

    def start_task(self, metadata: str = "blocked") -> None:
        """Runs the start task of the pool, as Batch does whenever the node starts."""
        script = (ROOT / "arm/linux/start-task.sh").read_text()
        output("env", f"MAYFLY_METADATA={metadata}", "bash", "-c", script)

    def connect_platform(self) -> None:
        """Makes a network with the addresses of Azure's platform and of a registry, each with a web server."""
        script = f"""
            ip link set lo up
            ip netns add platform
            ip link add eth0 type veth peer name eth0 netns platform
            ip address add 10.77.0.4/24 dev eth0
            ip link set eth0 up
            ip route add default via 10.77.0.1
            ip -n platform link set lo up
            ip -n platform link set eth0 up
            for address in 10.77.0.1/24 {METADATA}/32 {REGISTRY}/32; do
              ip -n platform address add "$address" dev eth0
            done
            ip netns exec platform busybox httpd -p 80 -h /
        """
        output("bash", "-euc", script)

    def task(self, name: str, *options: str, job: str = "workflow.sh") -> subprocess.CompletedProcess[str]:
        """Runs a job as Batch runs the container of a task; returns its output."""
        return run(*self.command(name, *options, job=job))

    def command(self, name: str, *options: str, job: str) -> list[str]:
        variables = ["--env", f"JOB=/tests/{job}", "--env", "RUNNER_CLAIM_TICKET=ticket-of-the-task"]
        return ["docker", "run", "--name", name, *variables, *self.options, *options, self.image]

    def left(self) -> dict[str, list[str]]:
        """Returns what is on the node: containers, volumes and images of Docker, processes, and network interfaces."""
        return {
            "containers": output("docker", "ps", "--all", "--quiet"),
            "volumes": output("docker", "volume", "ls", "--quiet"),
            "stored volumes": sorted(path.name for path in (WORK / "data/volumes").iterdir() if path.is_dir()),
            "images": sorted(output("docker", "image", "ls", "--all", "--quiet")),
            "engines": [engine for engine in output("busybox", "pidof", "dockerd") if engine != str(self.engine.pid)],
            "processes": [line for line in output("busybox", "ps", "-o", "comm") if line in {"sleep", "sh", "busybox"}],
            "interfaces": sorted(path.name for path in pathlib.Path("/sys/class/net").iterdir()),
            "groups": sorted(path.name for path in pathlib.Path("/sys/fs/cgroup/mayfly-tests").glob("*/")),
        }

    def close(self) -> None:
        self.engine.terminate()
        self.engine.wait(TIMEOUT)
        remove_groups()


def remove_groups() -> None:
    for folder, _, _ in os.walk("/sys/fs/cgroup/mayfly-tests", topdown=False):
        os.rmdir(folder)


def isolate() -> None:
    """Gives this node folders of its own, and cgroups of version 2, as Ubuntu 24.04 has them."""
    assert os.getpid() == 1, "run tests/suites/docker-jobs.sh"
    script = """
        mount -t tmpfs tmpfs /run
        mount -t tmpfs tmpfs "$WORK"
        mount -t sysfs sysfs /sys
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
    """
    output("bash", "-euc", script)


def make_image() -> str:
    """Makes an image like images/ubuntu-docker, without its programs."""
    folder = WORK / "image"
    for name in ("etc", "opt/mayfly", "proc", "root", "run", "sys", "tmp", "usr", "var/lib", "var/log", "home/runner"):
        (folder / "root" / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (folder / "root" / name).symlink_to(f"usr/{name}")
    (folder / "root/var/run").symlink_to("/run")
    (folder / "root/opt/mayfly/entrypoint.sh").touch()
    (folder / "root/etc/passwd").write_text("root:x:0:0::/root:/bin/bash\nrunner:x:1001:1001::/home/runner:/bin/bash\n")
    (folder / "root/etc/group").write_text("root:x:0:\nrunner:x:1001:\ndocker:x:999:runner\n")
    os.chown(folder / "root/home/runner", 1001, 1001)
    os.chmod(folder / "root/tmp", 0o1777)
    source = ROOT / "images/ubuntu-docker"
    (folder / "entrypoint.sh").write_bytes((source / "entrypoint.sh").read_bytes())
    (folder / "entrypoint.sh").chmod(0o755)
    last = (source / "Dockerfile").read_text().partition("\nCOPY entrypoint.sh ")
    # A folder's owner is lost by COPY, and kept by an archive.
    output("tar", "-C", str(folder / "root"), "-cf", str(folder / "root.tar"), ".")
    (folder / "Dockerfile").write_text("FROM scratch\nADD root.tar /\nENV RUNNER_HOME=/home/runner\n" + "".join(last[1:]))
    output("docker", "build", "--quiet", "--tag", "runner", str(folder))
    return "runner"


def machine_options() -> list[str]:
    """Returns the options that give a container the programs of this machine."""
    folders = [path for path in ("/usr", "/etc/alternatives") if os.path.isdir(path)]
    volumes = [word for path in folders for word in ("--volume", f"{path}:{path}:ro")]
    # Debian's client can use BuildKit without a plugin, and a newer one in /usr/local/bin could not.
    return [*volumes, "--env", "PATH=/usr/bin:/usr/sbin"]
