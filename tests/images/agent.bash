# Provides the environment of the entrypoint of the agent's image: that of world.bash, with a fake agent.
#
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # shared with the tests, which bats runs in the same shell

# shellcheck source=tests/images/world.bash
source "$BATS_TEST_DIRNAME/world.bash"

readonly agent_settings='{"agentId":1755,"agentName":"az-1","poolId":44,"serverUrl":"https://dev.azure.com/contoso/","workFolder":"_work"}'
readonly capabilities='mayfly.profile=linux-small'
# The scripts of the image that are those of GitHub's runner; tests/images/texts compares them with the Dockerfile.
readonly shared_scripts='entrypoint.sh claim.sh process.sh process-tree.sh'

build_agent_world() {
  local script
  build_world
  mkdir "$world/images"
  for script in $shared_scripts; do cp "$images/$script" "$world/images"; done
  cp "$images"/../pipelines/ubuntu/{serve.sh,notifications.pl} "$world/images"
  images=$world/images
  rm -r "$world/runner"
  cp -r "$BATS_TEST_DIRNAME/agent" "$world/runner"
  configuration=$(printf '{".agent":"%s",".credentials":"%s",".credentials_rsaparams":"%s",".capabilities":"%s"}' \
    "$(base64 -w0 <<<"$agent_settings")" "$(base64 -w0 <<<"$credentials")" "$(base64 -w0 <<<"$key")" \
    "$(base64 -w0 <<<"$capabilities")" | base64 -w0)
  script_runner take_job
  # An update takes a second.
  sed -i 's/update_delay=5/update_delay=1/' "$images/serve.sh"
}

# Makes the entrypoint act a second after the agent should have ended, and look each second.
shorten_end() {
  sed -i 's/check_interval=10/check_interval=1/; s/end_timeout=40/end_timeout=1/' "$images/process.sh"
  sed -i 's/report_timeout=240/report_timeout=2/' "$images/serve.sh"
}

starts() { wc -l <"$world/runner/starts"; }

# Prints the remaining processes of this test: the agent's have none of its variables but HOME.
remaining_processes() {
  local process
  while read -r process; do
    tr '\0' ' ' <"${process%environ}cmdline" 2>/dev/null && echo
  done < <(grep -lsz "^HOME=$world/home\$" /proc/[0-9]*/environ)
}
