# Serves a job with the agent of Azure Pipelines, on Windows, and determines the exit code. Sourced by
# images/windows/entrypoint.ps1; the twin of images/pipelines/ubuntu/serve.sh.
#
# Exit codes:
#    1  the agent could not start
#   68  the agent opened no session with Azure DevOps within ten minutes
#   70  the agent died while a job ran: crash, KILL, or out of memory
#   76  the agent ended without a job
#   79  the service demands another version of the agent again after an update
#    *  those of windows/entrypoint.ps1, or the agent's own code
# (images/exit_codes.py writes this list from exit-codes.json.)

$kind = 'agent'; $startFile = 'bin\Agent.Listener.exe'; $settingsFile = '.agent'
$listenerName = 'Agent.Listener'; $workerName = 'Agent.Worker'
# The agent's own run.cmd also waits for an update.
$reportTimeout = 240
$updateDelay = 5
$updateTimeout = 20

$begun = $false; $finished = $false; $sessionSeen = $false
# What has been received on the socket for notifications, and its connections.
$socket = $null; $connections = @(); $received = ''

# The image has no other way to get a configuration: a token of an organization never enters a container.
function Obtain-Credential {
    Require RUNNER_NAME RUNNER_CLAIM_URL RUNNER_CLAIM_TICKET
    Claim
    Unpack
}

function Handle-Unknown-Format {
    Report 'the configuration does not have the files of an agent'
    exit 64
}

# With `--once`, an agent that has to update itself ends with 4, before or after a job. It is started again only if no job
# had begun: it would take a second one.
function Serve {
    try {
        Prepare-Agent
        $code = Run-Agent
        if ($code -eq 4 -and $script:stopCode -eq 0 -and -not (Has-Begun)) {
            Report 'the agent updates itself and is started again'
            Await-Update
            $code = Run-Agent
        }
        Exit-With-Result $code
    } finally {
        Clean-Up
    }
}

function Prepare-Agent {
    Listen
    $script:began = Seconds-Now
}

# Listens for the notifications of the agent, and adds the address to its settings. Of two members of one name, the agent
# reads the last. .NET cannot write a hidden file.
function Listen {
    $file = "$env:RUNNER_HOME\$settingsFile"
    $script:socket = New-Object Net.Sockets.TcpListener ([Net.IPAddress]::Loopback), 0
    $script:socket.Start()
    $settings = [IO.File]::ReadAllText($file)
    $settings = $settings.Substring(0, $settings.LastIndexOf('}'))
    [IO.File]::SetAttributes($file, 'Normal')
    [IO.File]::WriteAllText($file, "$settings,`"notificationSocketAddress`":`"$($script:socket.LocalEndpoint)`"}")
    [IO.File]::SetAttributes($file, 'Hidden')
}

function Run-Agent {
    $script:listenerEndedAt = 0
    $code = Run-Program "$env:RUNNER_HOME\$startFile" @('run', '--once') (Agent-Environment)
    Read-Notifications
    $code
}

# Returns the variables of the agent. Each would be a capability, which every reader of the pool sees, unless VSO_AGENT_IGNORE
# names it (EnvironmentCapabilitiesProvider.cs): the claim's file .capabilities has those of the profile. Of the variables of
# proxies, the agent reads only http_proxy and its own.
function Agent-Environment {
    $passed = @{ AZP_AGENT_DOWNGRADE_DISABLED = 'true' }
    foreach ($entry in [Environment]::GetEnvironmentVariables().GetEnumerator()) {
        if (Is-Passed-On $entry.Key) { $passed[$entry.Key] = $entry.Value }
    }
    if (-not $env:http_proxy -and $env:https_proxy) { $passed['VSTS_HTTP_PROXY'] = $env:https_proxy }
    $passed['VSO_AGENT_IGNORE'] = @(@($passed.Keys) + 'VSO_AGENT_IGNORE' | Sort-Object) -join ','
    $passed
}

# Of the variables that this process has, the agent and its jobs get all but those of the task.
function Is-Passed-On([string] $name) {
    switch -Wildcard ($name) {
        'NODE_EXTRA_CA_CERTS' { return $true }
        'RUNNER_*' { return $false }
        'AZ_BATCH_*' { return $false }
    }
    return Is-Kept $name
}

# Waits until the update has replaced the folder of the program: it does so after the agent has ended.
function Await-Update {
    $file = "$env:RUNNER_HOME\$startFile"
    $waited = [Diagnostics.Stopwatch]::StartNew()
    do { Start-Sleep -Milliseconds 500 } while ($waited.Elapsed.TotalSeconds -lt $updateTimeout -and
        ($waited.Elapsed.TotalSeconds -lt $updateDelay -or -not (Test-Path $file)))
}

# Exits with the code that images/exit-codes.json defines for this outcome. The agent's own code 0 does not mean that it
# served a job: it also ends with it if its token was revoked, or if a job was withdrawn before it began.
function Exit-With-Result([int] $code) {
    switch ("$script:stopCode") {
        '68' { Report "the agent opened no session within $($sessionTimeout / 60) minutes" }
        '124' { Report "the agent was ended after $env:RUNNER_MAX_JOB_HOURS hours" }
    }
    if ($script:stopCode -ne 0) { exit $script:stopCode }
    if (Has-Begun) {
        if ($script:finished -or $code -in 0, 4) { exit 0 }
        Report 'the agent died while it had a job'
        exit 70
    }
    if ($code -eq 2 -and -not (Is-Online)) { Report 'the agent could not start'; exit 1 }
    if ($code -eq 4) { Report 'the service demands another version of the agent again'; exit 79 }
    if ($code -notin 0, 1, 2) { Report "the agent died without a job: $code"; exit $code }
    Report 'the agent ended without a job'
    exit 76
}

# Succeeds if a worker has started. If its notification was lost, its log proves it.
function Has-Begun {
    Read-Notifications
    $script:begun -or $script:workerSeen -or (Test-Path "$env:RUNNER_HOME\_diag\Worker_*.log")
}

# Reads what has arrived on the socket, without waiting. The agent connects when it starts; what it has sent can be read after
# its end, too.
function Read-Notifications {
    try {
        while ($script:socket.Pending()) { $script:connections += $script:socket.AcceptTcpClient() }
        $buffer = New-Object byte[] 4096
        foreach ($connection in $script:connections) {
            while ($connection.Available -gt 0) {
                $length = $connection.GetStream().Read($buffer, 0, $buffer.Length)
                $script:received += [Text.Encoding]::ASCII.GetString($buffer, 0, $length)
            }
        }
    } catch {
        Report "notifications of the agent cannot be received: $_"
    }
    if ($script:received.Contains('Starting job: ')) { $script:begun = $true }
    if ($script:received.Contains('Finished job: ')) { $script:finished = $true }
    # A job can send without end.
    if ($script:received.Length -gt 65536) { $script:received = $script:received.Substring($script:received.Length - 32) }
}

# Reads the notifications: the agent waits if too many are unread.
function Check-Job([int64] $now) {
    Read-Notifications
}

# Succeeds if a job is over once no worker runs.
function May-Be-Over {
    Read-Notifications
    $script:finished -or $script:workerSeen
}

# The agent prints in the language of its locale, and logs in English.
function Is-Online {
    if ($script:sessionSeen -or (Has-Begun)) { return $true }
    @(Select-String -SimpleMatch 'Session created.' "$env:RUNNER_HOME\_diag\Agent_*.log" -ErrorAction SilentlyContinue).Count -gt 0
}

# Searches a line of output for the text by which the agent reports its session.
function Examine([string] $line) {
    if ($line.Contains('Listening for Jobs')) { $script:sessionSeen = $true }
}

# Interrupts the agent, which cancels its job, and waits for its worker without limit. Ctrl-C reaches all processes of a
# console: the agent has one of its own, and interrupt.ps1 is a process of its own, which leaves that of this script.
function Stop-Child([Diagnostics.Process] $child) {
    Run-Briefly @("$env:SystemRoot\System32\WindowsPowerShell\v1.0\powershell.exe", '-NoProfile', '-NonInteractive',
        '-ExecutionPolicy', 'Bypass', '-File', "$PSScriptRoot\interrupt.ps1", "$($child.Id)")
    if (-not $child.WaitForExit(1000 * $killDelay)) { Kill-Child $child }
}
