#!/bin/bash
# A fake of GitHub's run-helper.sh: maps the listener's code to 0, 2 or 7. The delays before another
# start are a tenth of the real ones.
"$RUNNER_HOME/bin/Runner.Listener" run "$@"
code=$?
case $code in
  0) echo 'Runner listener exit with 0 return code, stop the service, no retry needed.' ;;
  1) echo 'Runner listener exit with terminated error, stop the service, no retry needed.' ;;
  2) echo 'Runner listener exit with retryable error, re-launch runner in 5 seconds.' && sleep 0.5 && exit 2 ;;
  3 | 4) echo 'Runner listener exit because of updating, re-launch runner after successful update' && sleep 0.1 && exit 2 ;;
  5) echo 'Runner listener exit with Session Conflict error, stop the service, no retry needed.' ;;
  7)
    [[ ${ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE:-} != 1 ]] || exit 7
    echo 'Exiting with unknown error code: 7'
    ;;
  *) echo "Exiting with unknown error code: $code" ;;
esac
exit 0
