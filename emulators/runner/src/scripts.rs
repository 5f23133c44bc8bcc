//! The scripts of a runner's folder.

/// Starts the helper until it ends with something else than 2.
///
/// As the real one: it hands no signal on unless `RUNNER_MANUALLY_TRAP_SIG` is set. Then the helper has a process
/// group of its own, which the listener, the Worker and the job's processes belong to; INT is sent to all of it,
/// and the script ends with 143 or 130 although the listener ended well.
pub(super) const RUN: &str = r#"#!/bin/bash
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

/// Turns the listener's ending into 0, into 2 where `run.sh` is to start it again, or into 7 where that was asked for.
pub(super) const HELPER: &str = r#"#!/bin/bash
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

pub(super) const SLEEP: &str = "#!/bin/bash\nsleep \"$1\"\n";

/// The real one installs a service; it is there, and does nothing.
pub(super) const SERVICE: &str = "#!/bin/bash\necho 'A service is not modelled.' >&2\nexit 1\n";

pub(super) const CONFIG: &str = r#"#!/bin/bash
home="$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
if [[ "$1" == remove ]]; then
    exec "$home/bin/Runner.Listener" "$@"
fi
exec "$home/bin/Runner.Listener" configure "$@"
"#;

/// A stand-in needs nothing that a release's script would install.
pub(super) const DEPENDENCIES: &str = "#!/bin/bash\n";
