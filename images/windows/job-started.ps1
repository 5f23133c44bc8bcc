# Rejects the job of a repository that is not allowed.
#
# The runner calls this hook before the first step of a job (ACTIONS_RUNNER_HOOK_JOB_STARTED), with the runner's
# environment: variables of a workflow's `env:` do not reach hooks. For allowed jobs, the hook continues with the
# program that RUNNER_JOB_STARTED_HOOK names.
#
# A hook that fails does not stop steps with `if: always()` (https://github.com/actions/runner/issues/2811), nor the
# `pre:` steps of actions. The runner's worker starts those as soon as this script has ended, and no signal can stop
# a runner on Windows. Therefore this script kills the worker: its listener then reports the job as failed, starts no
# step and ends. A failure of this script also rejects the job.
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'

# The worker sends its log every few hundred milliseconds. This delay lets GitHub show the reason.
$reportDelay = 5
$killDelay = 30

function Main {
    $allowed = try { Is-Allowed "$env:GITHUB_REPOSITORY" } catch { $false }
    if (-not $allowed) { Refuse }
    Write-Marker allowed
    if ($env:RUNNER_JOB_STARTED_HOOK) {
        Get-Command $env:RUNNER_JOB_STARTED_HOOK | Out-Null
        # A script runs within this PowerShell and inherits these settings.
        $global:LASTEXITCODE = 0
        $ErrorActionPreference = 'Continue'
        Set-StrictMode -Off
        & $env:RUNNER_JOB_STARTED_HOOK
        exit $LASTEXITCODE
    }
}

# RUNNER_ALLOWED_REPOSITORIES lists patterns OWNER/NAME of `*` and `?`, separated by commas or white space, in the format
# of the setting AllowedRepositories. A list that contains anything else allows nothing; an empty one allows all.
function Is-Allowed([string] $repository) {
    if (-not $env:RUNNER_ALLOWED_REPOSITORIES) { return $true }
    $allowed = $false
    foreach ($pattern in ($env:RUNNER_ALLOWED_REPOSITORIES -split '[,\s]+').Where({ $_ })) {
        if ($pattern -notmatch '\A[A-Za-z0-9_.*?-]+/[A-Za-z0-9_.*?-]+\z') { return $false }
        $glob = [regex]::Escape($pattern).Replace('\*', '.*').Replace('\?', '.')
        if ($repository -imatch "^$glob\z") { $allowed = $true }
    }
    return $allowed
}

# A full disk must not change the outcome.
function Write-Marker([string] $text) {
    try { [IO.File]::WriteAllText($env:RUNNER_JOB_MARKER, $text) } catch { return }
}

# Returns only when the worker is gone, so that no step starts.
function Refuse {
    $name = if ($env:GITHUB_REPOSITORY) { $env:GITHUB_REPOSITORY } else { 'no repository' }
    $reason = "This runner is not allowed to run jobs of $name. " +
        'GitHub assigned the job to it because of its labels; no step was started. ' +
        'Use labels that only runners for this repository have, or have it added to AllowedRepositories of the deployment.'
    try { Write-Output "::error::$reason" } catch { $reason = '' }
    Write-Marker refused
    do { Start-Sleep -Seconds $reportDelay } until (Kill-Worker)
    Start-Sleep -Seconds $killDelay
    exit 1
}

# Succeeds if there was a worker and it has ended.
function Kill-Worker {
    try {
        $workers = @(Get-Process Runner.Worker -ErrorAction SilentlyContinue)
        $workers | Stop-Process -Force
        return $workers.Count -gt 0
    } catch {
        return $false
    }
}

Main
