# Runs the program that serves the job, relays its output, and stops it on a timeout. Sourced by entrypoint.ps1, for the runner
# of GitHub and for the agent of Azure Pipelines: serve.ps1 of each image has what differs. The twin of process.sh and
# process-tree.sh.

$sessionTimeout = 600
$checkInterval = 10
$killDelay = 30
$endTimeout = 40
# For what a job can keep from ending: programs of its user, and output that its processes go on writing.
$drainTimeout = 10

# $stopCode is the exit code that a timeout or the hook has determined.
$stopCode = 0; $tooOld = $false; $online = $false; $scratch = ''; $began = 0; $checked = 0
# When it found that the listener and that the worker of the job had ended, and whether it killed the child for that.
$listenerEndedAt = 0; $workerEndedAt = 0; $workerSeen = $false; $overdue = $false

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

# Stops a program that has no session in time, whose job takes too long, or that serve.ps1 wants to stop.
function Watch([Diagnostics.Process] $child) {
    $now = Seconds-Now
    if ($script:began -eq 0 -or $script:stopCode -ne 0 -or $now - $script:checked -lt $checkInterval) { return }
    $script:checked = $now
    $elapsed = $now - $script:began
    if (-not $script:online) { $script:online = Is-Online }
    if (-not $script:online -and $elapsed -ge $sessionTimeout) { $script:stopCode = 68 }
    if ($env:RUNNER_MAX_JOB_HOURS -and $elapsed -ge [int] $env:RUNNER_MAX_JOB_HOURS * 3600) { $script:stopCode = 124 }
    Check-Job $now
    if ($script:stopCode -ne 0) { Stop-Child $child } else { End-Overdue $child $now }
}

# Kills the child if its listener has ended, or should have: a job can suspend programs.
function End-Overdue([Diagnostics.Process] $child, [int64] $now) {
    Find-Ended $now
    if ((Has-Passed $script:listenerEndedAt $endTimeout $now) -or (Has-Passed $script:workerEndedAt $reportTimeout $now)) {
        $script:overdue = $true
        Report "the $kind should have ended, and is killed"
        Kill-Child $child
    }
}

function Has-Passed([int64] $began, [int64] $timeout, [int64] $now) {
    $began -ne 0 -and $now - $began -ge $timeout
}

# Finds out since when the worker of the job has ended, and since when its listener has, too. A listener that a job has
# suspended counts as ended.
function Find-Ended([int64] $now) {
    $working = @(Get-Process $workerName -ErrorAction SilentlyContinue).Count -gt 0
    if ($working) { $script:workerSeen = $true }
    if (-not (May-Be-Over) -or $working) {
        $script:workerEndedAt = 0; $script:listenerEndedAt = 0
        return
    }
    if ($script:workerEndedAt -eq 0) { $script:workerEndedAt = $now }
    $alive = @(Get-Process $listenerName -ErrorAction SilentlyContinue | Where-Object { -not (Is-Suspended $_) })
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

# Runs a program in the runner's folder, without standard input, and returns its exit code. Sets $tooOld if the program's
# output states that the service rejects this version. With $variables, it has no others, and a console of its own.
function Run-Program([string] $program, [string[]] $arguments, [hashtable] $variables) {
    $start = New-Object Diagnostics.ProcessStartInfo -Property @{
        FileName = $program; WorkingDirectory = $env:RUNNER_HOME; UseShellExecute = $false
        RedirectStandardInput = $true; RedirectStandardOutput = $true; RedirectStandardError = $true
    }
    $start.Arguments = @($arguments | ForEach-Object { Quote "$_" }) -join ' '
    if ($variables) {
        $start.CreateNoWindow = $true
        $start.EnvironmentVariables.Clear()
        foreach ($name in $variables.Keys) { $start.EnvironmentVariables[$name] = "$($variables[$name])" }
    }
    $child = [Diagnostics.Process]::Start($start)
    $child.StandardInput.Close()
    Relay $child
    while (-not $child.WaitForExit(500)) { Watch $child }
    $child.ExitCode
}

# Copies a program's output, and examines each line. Processes that a job leaves behind may hold the pipe open, and write to
# it. Therefore a second of silence after the program's end also ends the copy, and so do ten seconds.
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
        Examine $line
        $open[$at].Line = $open[$at].From.ReadLineAsync()
    }
}

# Kills a program with all its child processes.
function Kill-Child([Diagnostics.Process] $child) {
    Run-Briefly @("$env:SystemRoot\System32\taskkill.exe", '/t', '/f', '/pid', "$($child.Id)")
    if (-not $child.HasExited) { try { $child.Kill() } catch { Report "the ${kind}: $_" } }
}

# Quotes a word so that Windows programs read it back unchanged: backslashes are special only before a quote.
function Quote([string] $word) {
    if ($word -and $word -notmatch '[\s"]') { return $word }
    return '"' + (($word -replace '(\\*)"', '$1$1\"') -replace '(\\+)\z', '$1$1') + '"'
}
