# Runs the runner, stops it on a timeout, and determines the exit code. Sourced by entrypoint.ps1; the twin of
# serve.sh. A runner on Windows receives no signals: it is killed with all its child processes, and GitHub reports
# its job as lost when the job's lock expires.

$sessionTimeout = 600
$checkInterval = 10
$killDelay = 30
# run.cmd ends a few seconds after its listener, which may need minutes after its worker: serve.sh has the reasons.
$endTimeout = 40
$reportTimeout = 240
# For what a job can keep from ending: programs of its user, and output that its processes go on writing.
$drainTimeout = 10

# $stopCode is the exit code that a timeout or the hook has determined.
$stopCode = 0; $tooOld = $false; $online = $false; $scratch = ''; $began = 0; $checked = 0; $refused = 0
# When it found that the listener and that the worker of the job had ended, and whether it killed the runner for that.
$listenerEndedAt = 0; $workerEndedAt = 0; $overdue = $false

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

# A job may still run, and can suspend any program of its user, and fill or lock the folder. What remains must neither delay
# the end nor change the exit code.
function Clean-Up {
    if (-not $script:scratch) { return }
    Run-Briefly @('rmdir', '/s', '/q', $script:scratch)
}

# Runs a command of cmd without its output, and kills it if it does not end in time.
function Run-Briefly([string[]] $command) {
    try {
        $start = New-Object Diagnostics.ProcessStartInfo -Property @{ FileName = $env:ComSpec; UseShellExecute = $false }
        $start.Arguments = @(@('/d', '/c') + $command + @('>nul', '2>&1') | ForEach-Object { Quote "$_" }) -join ' '
        $process = [Diagnostics.Process]::Start($start)
        if (-not $process.WaitForExit(1000 * $drainTimeout)) { $process.Kill() }
    } catch {
        Report "$($command[0]): $_"
    }
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

# Succeeds if a worker has started, whether or not its job reached the hook. If a full disk kept the runner from
# recording it, the worker's log or the hook's marker proves it.
function Has-Served {
    (Perf-Log Worker) -ne '' -or (Test-Path $env:RUNNER_JOB_MARKER) -or (Test-Path "$env:RUNNER_HOME\_diag\Worker_*.log")
}

# Returns the records of the runner or its worker; both open the file from time to time.
function Perf-Log([string] $name) {
    "$(Get-Content -Raw -ErrorAction SilentlyContinue "$script:scratch\$name.perf")"
}

# Stops a runner that has no session in time, whose job takes too long, or that keeps running after a rejected job.
function Watch([Diagnostics.Process] $child) {
    $now = Seconds-Now
    if ($script:began -eq 0 -or $script:stopCode -ne 0 -or $now - $script:checked -lt $checkInterval) { return }
    $script:checked = $now
    $elapsed = $now - $script:began
    if (-not $script:online) { $script:online = Is-Online }
    if (-not $script:online -and $elapsed -ge $sessionTimeout) { $script:stopCode = 68 }
    if ($env:RUNNER_MAX_JOB_HOURS -and $elapsed -ge [int] $env:RUNNER_MAX_JOB_HOURS * 3600) { $script:stopCode = 124 }
    if ($script:refused -eq 0 -and (Is-Refused)) { $script:refused = $now }
    if ($script:refused -ne 0 -and $now - $script:refused -ge 2 * $killDelay) { $script:stopCode = 77 }
    if ($script:stopCode -ne 0) { Stop-Child $child } else { End-Overdue $child $now }
}

# Kills run.cmd if its runner has ended: a job can suspend it.
function End-Overdue([Diagnostics.Process] $child, [int64] $now) {
    Find-Ended $now
    if ((Has-Passed $script:listenerEndedAt $endTimeout $now) -or (Has-Passed $script:workerEndedAt $reportTimeout $now)) {
        $script:overdue = $true
        Report 'the runner has ended, and its script has not'
        Stop-Child $child
    }
}

function Has-Passed([int64] $began, [int64] $timeout, [int64] $now) {
    $began -ne 0 -and $now - $began -ge $timeout
}

# Finds out since when the worker of the job has ended, and since when its listener has, too. A listener that a job has
# suspended counts as ended.
function Find-Ended([int64] $now) {
    if ((Get-Process Runner.Worker -ErrorAction SilentlyContinue) -or -not (Has-Served)) {
        $script:workerEndedAt = 0; $script:listenerEndedAt = 0
        return
    }
    if ($script:workerEndedAt -eq 0) { $script:workerEndedAt = $now }
    $alive = @(Get-Process Runner.Listener -ErrorAction SilentlyContinue | Where-Object { -not (Is-Suspended $_) })
    if ($alive.Count -gt 0) { $script:listenerEndedAt = 0 }
    elseif ($script:listenerEndedAt -eq 0) { $script:listenerEndedAt = $now }
}

# Succeeds if all threads of a process are suspended. The threads of another user's process cannot be read.
function Is-Suspended([Diagnostics.Process] $process) {
    try {
        foreach ($thread in $process.Threads) {
            if ("$($thread.ThreadState)" -ne 'Wait' -or "$($thread.WaitReason)" -ne 'Suspended') { return $false }
        }
        return $process.Threads.Count -gt 0
    } catch {
        return $false
    }
}

function Is-Online {
    (Perf-Log Runner).Contains('SessionCreated:') -or (Has-Served)
}

# Runs one of the runner's programs in its folder, without standard input, and returns its exit code. Sets $tooOld if
# the program's output states that GitHub rejects this version.
function Run-Program([string] $program, [string[]] $arguments) {
    $start = New-Object Diagnostics.ProcessStartInfo -Property @{
        FileName = $program; WorkingDirectory = $env:RUNNER_HOME; UseShellExecute = $false
        RedirectStandardInput = $true; RedirectStandardOutput = $true; RedirectStandardError = $true
    }
    $start.Arguments = @($arguments | ForEach-Object { Quote "$_" }) -join ' '
    $child = [Diagnostics.Process]::Start($start)
    $child.StandardInput.Close()
    Relay $child
    while (-not $child.WaitForExit(500)) { Watch $child }
    $child.ExitCode
}

# Copies a program's output, and searches it for the two texts by which GitHub rejects a version at registration and
# at the session. (At a message, the exit code shows it.) Processes that a job leaves behind may hold the pipe open, and
# write to it. Therefore a second of silence after the program's end also ends the copy, and so do ten seconds.
function Relay([Diagnostics.Process] $child) {
    $open = New-Object Collections.ArrayList
    foreach ($pair in @(@($child.StandardOutput, [Console]::Out), @($child.StandardError, [Console]::Error))) {
        [void] $open.Add(@{ From = $pair[0]; To = $pair[1]; Line = $pair[0].ReadLineAsync() })
    }
    $silence = 0
    $exited = New-Object Diagnostics.Stopwatch
    while ($open.Count -gt 0 -and $silence -lt 2 -and $exited.Elapsed.TotalSeconds -lt $drainTimeout) {
        Watch $child
        if ($child.HasExited) { $exited.Start() }
        $at = [Threading.Tasks.Task]::WaitAny([Threading.Tasks.Task[]] @($open | ForEach-Object { $_.Line }), 500)
        if ($at -lt 0) {
            $silence = if ($child.HasExited) { $silence + 1 } else { 0 }
            continue
        }
        $line = try { $open[$at].Line.Result } catch { $null }
        if ($null -eq $line) {
            $open.RemoveAt($at)
            continue
        }
        $open[$at].To.WriteLine($line)
        if ($line -cmatch 'can no longer register with GitHub|Failed to create session\. .*Forbidden') { $script:tooOld = $true }
        $open[$at].Line = $open[$at].From.ReadLineAsync()
    }
}

# Kills a program with all its child processes.
function Stop-Child([Diagnostics.Process] $child) {
    Run-Briefly @("$env:SystemRoot\System32\taskkill.exe", '/t', '/f', '/pid', "$($child.Id)")
    if (-not $child.HasExited) { try { $child.Kill() } catch { Report "the runner: $_" } }
}

# Quotes a word so that Windows programs read it back unchanged: backslashes are special only before a quote.
function Quote([string] $word) {
    if ($word -and $word -notmatch '[\s"]') { return $word }
    return '"' + (($word -replace '(\\*)"', '$1$1\"') -replace '(\\+)\z', '$1$1') + '"'
}
