# Refuses the job of a repository that is not allowed.
#
# The runner calls it before the first step of a job (ACTIONS_RUNNER_HOOK_JOB_STARTED). Its environment
# is the runner's: what a workflow puts into `env:` does not reach hooks. A program named in
# RUNNER_JOB_STARTED_HOOK takes over for jobs that are allowed.
#
# A hook that fails stops no step with `if: always()` (https://github.com/actions/runner/issues/2811), and no
# `pre:` step of an action. The runner's worker begins those as soon as this script has ended, and no signal stops a
# runner of Windows. So the worker is ended: its listener reports the job as failed, starts no step and leaves. What
# keeps this script from judging refuses.
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'

# The worker sends its log every few hundred milliseconds: GitHub shows the reason only if it still can.
$reportDelay = 5
$killDelay = 30

function Main {
    $allowed = try { Is-Allowed "$env:GITHUB_REPOSITORY" } catch { $false }
    if (-not $allowed) { Refuse }
    Note allowed
    if ($env:RUNNER_JOB_STARTED_HOOK) {
        Get-Command $env:RUNNER_JOB_STARTED_HOOK | Out-Null
        # A script runs within this PowerShell, and inherits what is set here.
        $global:LASTEXITCODE = 0
        $ErrorActionPreference = 'Continue'
        Set-StrictMode -Off
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
        if ($repository -imatch "^$glob\z") { return $true }
    }
    return $false
}

# A full disk is no reason to do anything else.
function Note([string] $text) {
    try { [IO.File]::WriteAllText($env:RUNNER_JOB_MARKER, $text) } catch { return }
}

# Returns only when the worker is gone: then no step begins.
function Refuse {
    $name = if ($env:GITHUB_REPOSITORY) { $env:GITHUB_REPOSITORY } else { 'no repository' }
    try { Write-Output "::error::This runner is not for jobs of $name." } catch { $name = '' }
    Note refused
    do { Start-Sleep -Seconds $reportDelay } until (End-Worker)
    Start-Sleep -Seconds $killDelay
    exit 1
}

# Succeeds if there was a worker and it is no more.
function End-Worker {
    try {
        $workers = @(Get-Process Runner.Worker -ErrorAction SilentlyContinue)
        $workers | Stop-Process -Force
        return $workers.Count -gt 0
    } catch {
        return $false
    }
}

Main
