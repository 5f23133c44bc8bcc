# Serves a job with GitHub's runner, and determines the exit code. Sourced by entrypoint.ps1; the twin of serve.sh. A runner on
# Windows receives no signals: it is killed with all its child processes, and GitHub reports its job as lost when the job's
# lock expires.

$kind = 'runner'; $startFile = 'run.cmd'; $settingsFile = '.runner'
$listenerName = 'Runner.Listener'; $workerName = 'Runner.Worker'
# run.cmd ends a few seconds after its listener, which may need minutes after its worker: serve.sh has the reasons.
$reportTimeout = 240

$refused = 0

. "$PSScriptRoot\register.ps1"

# The runner reads a configuration of a later format itself.
function Handle-Unknown-Format {
    Report 'the configuration has an unknown format and is passed to the runner as an argument'
}

function Serve {
    try {
        Prepare-Runner
        # cmd accepts 8,191 characters; a configuration has about 4,200.
        $code = Run-Program $env:ComSpec (
            @('/d', '/c', "$env:RUNNER_HOME\run.cmd") +
            @(if ($script:configuration) { '--jitconfig', $script:configuration }))
        Exit-With-Result $code
    } finally {
        Clean-Up
    }
}

# The runner records its progress in two files of the folder RUNNER_PERFLOG, outside the job's temporary folder.
#
# Of the runner's own exit codes, run.cmd returns only 7, for a rejected version, and only with the variable below.
function Prepare-Runner {
    $script:scratch = Join-Path $env:RUNNER_HOME "mayfly.$([guid]::NewGuid())"
    New-Item -ItemType Directory $script:scratch | Out-Null
    $env:RUNNER_PERFLOG = $script:scratch
    $env:RUNNER_JOB_MARKER = "$script:scratch\job-started"
    $env:ACTIONS_RUNNER_HOOK_JOB_STARTED = "$PSScriptRoot\job-started.ps1"
    $env:ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE = '1'
    $script:began = Seconds-Now
}

# Exits with the code that images/exit-codes.json defines for this outcome.
function Exit-With-Result([int] $code) {
    if ($script:stopCode -eq 77 -or (Is-Refused)) {
        Report 'the runner rejected its job'
        exit 77
    }
    switch ("$script:stopCode") {
        '68' { Report "the runner opened no session within $($sessionTimeout / 60) minutes" }
        '124' { Report "the runner was ended after $env:RUNNER_MAX_JOB_HOURS hours" }
    }
    if ($script:stopCode -ne 0) { exit $script:stopCode }
    if ($code -ne 0 -and -not $script:overdue) { exit $code }
    if (-not (Has-Served)) {
        if ($script:tooOld) { exit 7 }
        Report 'the runner ended without a job'
        exit 76
    }
    # An ephemeral runner removes its configuration when its job has ended.
    if (-not (Test-Path "$env:RUNNER_HOME\.runner")) { exit 0 }
    Report 'the runner died while it had a job'
    exit 70
}

function Is-Refused {
    try { [IO.File]::ReadAllText($env:RUNNER_JOB_MARKER) -eq 'refused' } catch { $false }
}

# Stops a runner that keeps running after a rejected job.
function Check-Job([int64] $now) {
    if ($script:refused -eq 0 -and (Is-Refused)) { $script:refused = $now }
    if ($script:refused -ne 0 -and $now - $script:refused -ge 2 * $killDelay) { $script:stopCode = 77 }
}

# Succeeds if a worker has started, whether or not its job reached the hook. If a full disk kept the runner from
# recording it, the worker's log or the hook's marker proves it.
function Has-Served {
    (Perf-Log Worker) -ne '' -or (Test-Path $env:RUNNER_JOB_MARKER) -or (Test-Path "$env:RUNNER_HOME\_diag\Worker_*.log")
}

# Succeeds if a job is over once no worker runs. A short job's worker may never be seen.
function May-Be-Over {
    Has-Served
}

# Returns the records of the runner or its worker; both open the file from time to time.
function Perf-Log([string] $name) {
    "$(Get-Content -Raw -ErrorAction SilentlyContinue "$script:scratch\$name.perf")"
}

function Is-Online {
    (Perf-Log Runner).Contains('SessionCreated:') -or (Has-Served)
}

# Searches a line of output for the two texts by which GitHub rejects a version at registration and at the session. (At a
# message, the exit code shows it.)
function Examine([string] $line) {
    if ($line -cmatch 'can no longer register with GitHub|Failed to create session\. .*Forbidden') { $script:tooOld = $true }
}

# No signal reaches a runner on Windows.
function Stop-Child([Diagnostics.Process] $child) {
    Kill-Child $child
}
