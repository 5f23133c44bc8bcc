# Runs the runner, ends it where it must be ended, and judges how it ended; a part of entrypoint.ps1, and equal to
# serve.sh. No signal reaches a runner of Windows: it is ended with all that it runs, and GitHub reports its job as
# lost when the job's lock runs out.

$sessionTimeout = 600
$checkInterval = 10
$killDelay = 30

# $reason is the exit code that the clock, or the hook, has decided.
$reason = 0; $tooOld = $false; $online = $false; $scratch = ''; $began = 0; $checked = 0; $refused = 0

function Serve {
    try {
        Prepare-Runner
        # cmd takes 8,191 letters: a configuration has about 4,200.
        $code = Attend $env:ComSpec (
            @('/d', '/c', "$env:RUNNER_HOME\run.cmd") +
            @(if ($script:configuration) { '--jitconfig', $script:configuration }))
        Judge $code
    } finally {
        Leave
    }
}

# The runner writes how far it has come into two files of RUNNER_PERFLOG, outside the job's temporary folder.
#
# Of the runner's own codes run.cmd returns 7 alone, for a refused version, and that only with the variable.
function Prepare-Runner {
    $script:scratch = Join-Path $env:RUNNER_HOME "mayfly.$([guid]::NewGuid())"
    New-Item -ItemType Directory $script:scratch | Out-Null
    $env:RUNNER_PERFLOG = $script:scratch
    $env:RUNNER_JOB_MARKER = "$script:scratch\job-started"
    $env:ACTIONS_RUNNER_HOOK_JOB_STARTED = "$PSScriptRoot\job-started.ps1"
    $env:ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE = '1'
    $script:began = Seconds-Now
}

function Leave {
    if ($script:scratch) { Remove-Item -Recurse -Force -ErrorAction SilentlyContinue $script:scratch }
}

# Ends the script with the code that the contract of images/exit-codes.json has for this end.
function Judge([int] $code) {
    if ($script:reason -eq 77 -or (Is-Refused)) {
        Tell 'the runner refused its job'
        exit 77
    }
    switch ("$script:reason") {
        '68' { Tell "the runner opened no session within $($sessionTimeout / 60) minutes" }
        '124' { Tell "the runner was ended after $env:RUNNER_MAX_JOB_HOURS hours" }
    }
    if ($script:reason -ne 0) { exit $script:reason }
    if ($code -ne 0) { exit $code }
    if (-not (Has-Served)) {
        if ($script:tooOld) { exit 7 }
        Tell 'the runner ended without a job'
        exit 76
    }
    # An ephemeral runner removes its configuration when its job has ended.
    if (-not (Test-Path "$env:RUNNER_HOME\.runner")) { exit 0 }
    Tell 'the runner died while it had a job'
    exit 70
}

function Is-Refused {
    try { [IO.File]::ReadAllText($env:RUNNER_JOB_MARKER) -eq 'refused' } catch { $false }
}

# A worker has started, whether or not its job came as far as the hook. Where a full disk kept the runner from
# saying so, its log and the hook's marker do.
function Has-Served {
    (Perf Worker) -ne '' -or (Test-Path $env:RUNNER_JOB_MARKER) -or (Test-Path "$env:RUNNER_HOME\_diag\Worker_*.log")
}

# Returns what the runner or its worker has written; both have the file open from time to time.
function Perf([string] $name) {
    "$(Get-Content -Raw -ErrorAction SilentlyContinue "$script:scratch\$name.perf")"
}

# Ends the runner that has no session in time, the one whose job takes too long, and the one that outlives a refusal.
function Watch([Diagnostics.Process] $child) {
    $now = Seconds-Now
    if ($script:began -eq 0 -or $script:reason -ne 0 -or $now - $script:checked -lt $checkInterval) { return }
    $script:checked = $now
    $elapsed = $now - $script:began
    if (-not $script:online) { $script:online = Is-Online }
    if (-not $script:online -and $elapsed -ge $sessionTimeout) { $script:reason = 68 }
    if ($env:RUNNER_MAX_JOB_HOURS -and $elapsed -ge [int] $env:RUNNER_MAX_JOB_HOURS * 3600) { $script:reason = 124 }
    if ($script:refused -eq 0 -and (Is-Refused)) { $script:refused = $now }
    if ($script:refused -ne 0 -and $now - $script:refused -ge 2 * $killDelay) { $script:reason = 77 }
    if ($script:reason -ne 0) { End-Child $child }
}

function Is-Online {
    (Perf Runner).Contains('SessionCreated:') -or (Has-Served)
}

# Runs one of the runner's programs in its folder, with nothing on standard input, and returns its code; sets
# $tooOld if its output says that GitHub refuses this version.
function Attend([string] $program, [string[]] $arguments) {
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

# Copies what a program says and looks for the two texts by which GitHub refuses a version other than at a
# message: at the registration, and at the session. What a job leaves behind may hold the pipe open, so that a
# second of silence after the program's end ends the copy as well.
function Relay([Diagnostics.Process] $child) {
    $open = New-Object Collections.ArrayList
    foreach ($pair in @(@($child.StandardOutput, [Console]::Out), @($child.StandardError, [Console]::Error))) {
        [void] $open.Add(@{ From = $pair[0]; To = $pair[1]; Line = $pair[0].ReadLineAsync() })
    }
    $silence = 0
    while ($open.Count -gt 0 -and $silence -lt 2) {
        Watch $child
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

# Ends a program with all that it has started.
function End-Child([Diagnostics.Process] $child) {
    try { & "$env:SystemRoot\System32\taskkill.exe" /t /f /pid $child.Id | Out-Null } catch { Tell "taskkill: $_" }
    if (-not $child.HasExited) { try { $child.Kill() } catch { Tell "the runner: $_" } }
}

# Writes a word so that a program of Windows reads it back as it was: backslashes count only before a quote.
function Quote([string] $word) {
    if ($word -and $word -notmatch '[\s"]') { return $word }
    return '"' + (($word -replace '(\\*)"', '$1$1\"') -replace '(\\+)\z', '$1$1') + '"'
}
