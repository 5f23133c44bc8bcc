# Notes that a job has reached this runner, and refuses one of a repository that is not allowed.
#
# The runner calls it before the first step of a job (ACTIONS_RUNNER_HOOK_JOB_STARTED). Its environment
# is the runner's: what a workflow puts into `env:` does not reach hooks. A program named in
# RUNNER_JOB_STARTED_HOOK takes over for jobs that are allowed.
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'

function Main {
    New-Item -ItemType File -Force $env:RUNNER_JOB_MARKER | Out-Null
    if (-not (Is-Allowed "$env:GITHUB_REPOSITORY")) { Refuse }
    if ($env:RUNNER_JOB_STARTED_HOOK) {
        & $env:RUNNER_JOB_STARTED_HOOK
        exit $LASTEXITCODE
    }
}

# RUNNER_ALLOWED_REPOSITORIES lists globs of `*` and `?`, separated by commas; an empty list allows all.
function Is-Allowed([string] $repository) {
    if (-not $env:RUNNER_ALLOWED_REPOSITORIES) { return $true }
    foreach ($pattern in ($env:RUNNER_ALLOWED_REPOSITORIES -replace '\s', '').Split(',')) {
        # What else a regular expression knows stands for itself.
        $glob = [regex]::Escape($pattern).Replace('\*', '.*').Replace('\?', '.')
        if ($repository -imatch "^$glob`$") { return $true }
    }
    return $false
}

# Steps with `if: always()` run even after a hook has failed
# (https://github.com/actions/runner/issues/2811). No signal tells a runner of Windows to stop; without its
# worker it reports the job as failed, starts no step and leaves.
function Refuse {
    $name = if ($env:GITHUB_REPOSITORY) { $env:GITHUB_REPOSITORY } else { 'no repository' }
    Write-Output "::error::This runner is not for jobs of $name."
    Get-Process Runner.Worker -ErrorAction SilentlyContinue | Stop-Process -Force
    exit 1
}

Main
