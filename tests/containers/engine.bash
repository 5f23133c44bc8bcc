# Gives podman a store of its own, and settings of its own where it cannot do with those of the machine.
#
# shellcheck shell=bash

# Makes podman keep everything in a folder; the images of the machine are neither seen nor touched.
keep_store_in() {
  mkdir -p "$1"
  cat >"$1/storage.conf" <<END
[storage]
driver = "overlay"
graphroot = "$1/images"
runroot = "$1/run"
END
  export CONTAINERS_STORAGE_CONF=$1/storage.conf
}

# Removes all that is kept there. What a container wrote may belong to users whom only podman can be.
remove_store() {
  podman rm --all --force
  podman rmi --all --force
  if ((UID == 0)); then rm -rf -- "$1"; else podman unshare rm -rf -- "$1"; fi
}

# Makes podman able to run containers of an image: as the machine has it, or by settings in this folder.
settle_engine() {
  local folder=$1 image=$2
  if can_run "$image"; then return; fi
  # Nobody may raise a limit without CAP_SYS_RESOURCE, crun refuses a machine with both kinds of cgroups,
  # and where systemd does not run it neither makes cgroups nor takes events.
  cat >"$folder/containers.conf" <<END
[containers]
default_ulimits = ["nofile=1024:$(ulimit -Hn)", "nproc=1024:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
END
  export CONTAINERS_CONF=$folder/containers.conf
  can_run "$image"
}

can_run() {
  podman run --rm --network none "$1" true
}
