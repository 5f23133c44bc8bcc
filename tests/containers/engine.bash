# Gives podman its own store, and its own settings if those of the machine do not work.
#
# shellcheck shell=bash

# Makes podman store everything in a folder, separate from the images of the machine.
#
# The run root has a folder of its own: its path may have 50 characters. With a longer one the clean-up after a container
# fails, and `podman run` waits for it for 20 s.
keep_store_in() {
  mkdir -p "$1"
  run_root=$(mktemp -d /tmp/mayfly-XXXXXX)
  cat >"$1/storage.conf" <<END
[storage]
driver = "overlay"
graphroot = "$1/images"
runroot = "$run_root"
END
  export CONTAINERS_STORAGE_CONF=$1/storage.conf
}

# Removes the store. Files that a container wrote may belong to users that only podman can impersonate.
remove_store() {
  podman rm --all --force
  podman rmi --all --force
  if ((UID == 0)); then rm -rf -- "$1" "$run_root"; else podman unshare rm -rf -- "$1" "$run_root"; fi
}

# Configures podman to run containers of an image: with the machine's settings, or with settings in this folder.
settle_engine() {
  local folder=$1 image=$2
  if can_run "$image"; then return; fi
  # Raising a limit needs CAP_SYS_RESOURCE, crun rejects a machine with both kinds of cgroups,
  # and without a running systemd there is no cgroup manager and no journal for events.
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
