//! The scripts in a runner's directory.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Writes an executable script.
pub(crate) fn write_script(path: &Path, script: &str) -> io::Result<()> {
    fs::write(path, script)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

/// `run.sh`: starts the helper again as long as it exits with 2.
///
/// Like the real script, it forwards no signal unless `RUNNER_MANUALLY_TRAP_SIG` is set. If it is set, the helper has
/// its own process group, which also contains the listener, the Worker and the job's processes. INT is sent to the
/// whole group, and the script exits with 143 or 130 even if the listener exited with 0.
pub(crate) const RUN: &str = r#"#!/bin/bash
home="$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

with_traps() {
    set -m
    trap 'kill -INT -$group' INT TERM
}

[[ -z "$RUNNER_MANUALLY_TRAP_SIG" ]] || with_traps
while true; do
    if [[ -z "$RUNNER_MANUALLY_TRAP_SIG" ]]; then
        "$home/run-helper.sh" "$@"
        code=$?
    else
        "$home/run-helper.sh" "$@" &
        group=$!
        wait $group
        code=$?
    fi
    [[ $code -eq 2 ]] || break
    echo "Restarting runner..."
done
echo "Exiting runner..."
if [[ -n "$RUNNER_MANUALLY_TRAP_SIG" ]]; then
    trap - INT TERM
    wait $group
fi
exit $code
"#;

/// `run-helper.sh`: maps the listener's return code to 0, to 2 if `run.sh` must start it again, or to 7 if requested.
pub(crate) const HELPER: &str = r#"#!/bin/bash
home="$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
"$home/bin/Runner.Listener" run "$@"
code=$?
end() {
    echo "Runner listener exit $1"
    exit "$2"
}
case $code in
    0) end "with 0 return code, stop the service, no retry needed." 0 ;;
    1) end "with terminated error, stop the service, no retry needed." 0 ;;
    2)
        echo "Runner listener exit with retryable error, re-launch runner in 5 seconds."
        "$home/safe_sleep.sh" 5
        exit 2
        ;;
    3) end "because of updating, re-launch runner after successful update" 2 ;;
    4) end "because of updating, re-launch ephemeral runner after successful update" 2 ;;
    5) end "with Session Conflict error, stop the service, no retry needed." 0 ;;
    7)
        if [[ "$ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE" == 1 ]]; then
            end "with deprecated version exit code: 7." 7
        fi
        ;;
esac
echo "Exiting with unknown error code: $code"
exit 0
"#;

/// `safe_sleep.sh`.
pub(crate) const SLEEP: &str = "#!/bin/bash\nsleep \"$1\"\n";

/// `svc.sh`: the real script installs a service; this one exists, but fails.
pub(crate) const SERVICE: &str = "#!/bin/bash\necho 'A service is not modelled.' >&2\nexit 1\n";

/// `config.sh`.
pub(crate) const CONFIG: &str = r#"#!/bin/bash
home="$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
if [[ "$1" == remove ]]; then
    exec "$home/bin/Runner.Listener" "$@"
fi
exec "$home/bin/Runner.Listener" configure "$@"
"#;

/// `installdependencies.sh`: the emulated runner has no dependencies.
pub(crate) const DEPENDENCIES: &str = "#!/bin/bash\n";
