# Runs the container of a Batch task on a Windows node, for profiles with the launch `docker-run`.
#
#   launch.ps1                 removes orphans, pulls RUNNER_IMAGE if the node does not have it, and runs it
#   launch.ps1 -Pull IMAGE     only pulls an image
#   launch.ps1 -RemoveOrphans  only removes containers whose task has ended; a scheduled task runs this
#
# The twin of arm/linux/launch.sh, function by function. Windows can neither replace a process by another program nor
# notify a process that it is being terminated. Therefore the engine's client is a child process, and the container of
# a terminated task is removed by the next launch or by the scheduled task.
#
# Exit codes:
#   64  the task is incomplete, or an option has an unclosed quote
#   69  the container engine does not respond, or the image could not be pulled
#   72  a program that the script requires is missing
#  125  the container engine could not create the container: wrong options, or an image for another Windows build
#  126  the container engine could not start the image's entrypoint
#  127  the container engine did not find the image's entrypoint
#  137  the container was killed before it ended: out of memory, or the stop timeout expired
#    *  the container's own code otherwise
# (images/exit_codes.py writes this list from exit-codes.json.)
param([string] $Pull = '', [switch] $RemoveOrphans)

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

# Batch's agent may have started before Docker was added to PATH.
$engine = if ($env:MAYFLY_ENGINE) { $env:MAYFLY_ENGINE } else { "$env:ProgramFiles\docker\docker.exe" }
$label = 'mayfly.launcher'
$tries = 5
$identityService = 'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F'

function Main {
    if ($Pull) {
        Require-Program $engine
        Ensure-Image $Pull
    } elseif ($RemoveOrphans) {
        Require-Program $engine
        Remove-Orphans
    } else {
        Require RUNNER_IMAGE AZ_BATCH_TASK_ID
        $words = Split-Words "$env:RUNNER_CONTAINER_RUN_OPTIONS"
        Require-Program $engine
        Remove-Orphans
        Ensure-Image $env:RUNNER_IMAGE
        Run-Container $words
    }
}

function Report([string] $text) {
    $name = if ($env:AZ_BATCH_TASK_ID) { $env:AZ_BATCH_TASK_ID } else { 'node' }
    [Console]::Error.WriteLine("launch: ${name}: $text")
}

function Require {
    $missing = @($args | Where-Object { -not [Environment]::GetEnvironmentVariable($_) })
    if ($missing.Count -eq 0) { return }
    Report "missing: $($missing -join ',')"
    exit 64
}

function Require-Program([string] $program) {
    if (Get-Command $program -CommandType Application -ErrorAction SilentlyContinue) { return }
    Report "$program is missing"
    exit 72
}

function Split-Words([string] $text) {
    $words = New-Object 'Collections.Generic.List[string]'
    $word = ''; $begun = $false; $quote = ''
    foreach ($letter in $text.ToCharArray()) {
        if ("$letter" -eq $quote) { $quote = '' }
        elseif ($quote) { $word += $letter }
        elseif ('''"'.Contains("$letter")) { $quote = "$letter"; $begun = $true }
        elseif ([char]::IsWhiteSpace($letter)) {
            if ($begun) { $words.Add($word) }
            $word = ''; $begun = $false
        }
        else { $word += $letter; $begun = $true }
    }
    if ($quote) { Report 'RUNNER_CONTAINER_RUN_OPTIONS has an unclosed quote'; exit 64 }
    if ($begun) { $words.Add($word) }
    return , $words.ToArray()
}

# When Batch terminates a task, it kills the engine's client, and the container keeps running. A container is an orphan
# if the process in its label has ended. Containers of running tasks are not touched.
function Remove-Orphans {
    $listed = & $engine ps --all --filter "label=$label" --format '{{.ID}} {{.Labels}}'
    if ($LASTEXITCODE -ne 0) { Report "$engine does not respond"; exit 69 }
    foreach ($line in @($listed)) {
        # docker writes a label as name=value, podman as name:value.
        if ("$line" -notmatch "^(\S+) .*${label}[=:]([0-9a-f.-]+)") { continue }
        $container, $launcher = $Matches[1], $Matches[2]
        if ((Launcher-Id ($launcher.Split('.')[0])) -eq $launcher) { continue }
        Report "removing container $container, whose task has ended"
        # Another launch may be removing it at the same time.
        & $engine rm --force --volumes $container | Out-Null
    }
}

# Returns an id of a process that a later process with the same PID does not have: it contains the start time.
function Launcher-Id([string] $id) {
    $process = Get-Process | Where-Object { "$($_.Id)" -eq $id }
    # The start time of a protected process cannot be read; a launcher is never protected.
    try { if ($process) { "$id.$($process.StartTime.ToFileTimeUtc())" } } catch { return }
}

# A tag that the node has is not pulled again, so that a start does not depend on the registry.
function Ensure-Image([string] $image) {
    if (Has-Image $image) { return }
    if (Needs-Sign-In $image) { Require-Program curl.exe }
    foreach ($try in 1..$tries) {
        if (Pull-Image $image) { return }
        if ($try -lt $tries) { Start-Sleep -Seconds (1 -shl $try) }
    }
    Report "could not pull $image in $tries tries"
    exit 69
}

function Has-Image([string] $image) {
    # PowerShell 5.1 treats each redirected line of standard error as a failure.
    $ErrorActionPreference = 'Continue'
    & $engine image inspect $image *>$null
    return $LASTEXITCODE -eq 0
}

# The credential is in its own folder, which is removed before any container runs.
function Pull-Image([string] $image) {
    $env:DOCKER_CONFIG = Join-Path ([IO.Path]::GetTempPath()) ([guid]::NewGuid())
    New-Item -ItemType Directory $env:DOCKER_CONFIG | Out-Null
    try {
        if (-not (Sign-In $image)) { return $false }
        & $engine pull --quiet $image | Out-Host
        return $LASTEXITCODE -eq 0
    } finally {
        Remove-Credential $env:DOCKER_CONFIG
        Remove-Item Env:DOCKER_CONFIG
    }
}

# Another program may hold a file of the folder open; that must not fail a pull that succeeded.
function Remove-Credential([string] $folder) {
    foreach ($try in 1..$tries) {
        Remove-Item -Recurse -Force $folder -ErrorAction SilentlyContinue
        if (-not (Test-Path $folder)) { return }
        Start-Sleep -Seconds 1
    }
    Report "could not remove the folder $folder, which contains a registry credential"
}

function Needs-Sign-In([string] $image) {
    $registry = if ($env:RUNNER_REGISTRY) { $env:RUNNER_REGISTRY } else { $image.Split('/')[0] }
    return (Test-Path "$PSScriptRoot\pool-identity") -and $image.StartsWith("$registry/")
}

function Sign-In([string] $image) {
    $registry = if ($env:RUNNER_REGISTRY) { $env:RUNNER_REGISTRY } else { $image.Split('/')[0] }
    if (-not (Needs-Sign-In $image)) { return $true }
    $token = Get-Identity-Token
    if (-not $token) { Report "no token for the pool's identity"; return $false }
    $refresh = Exchange-Token $registry $token
    if (-not $refresh) { Report "$registry rejects the pool's identity"; return $false }
    # The registry accepts its refresh token as the password of this user name.
    $refresh | & $engine login --username 00000000-0000-0000-0000-000000000000 --password-stdin $registry | Out-Null
    return $LASTEXITCODE -eq 0
}

function Get-Identity-Token {
    $client = (Get-Content -Raw "$PSScriptRoot\pool-identity").Trim()
    # Only the node itself reaches this service: the request must bypass any proxy.
    $answer = & curl.exe --disable --silent --show-error --fail --noproxy '*' --connect-timeout 10 --max-time 60 `
        --header 'Metadata: true' "$identityService&client_id=$client"
    if ("$answer" -match '"access_token" *: *"([^"]+)"') { $Matches[1] }
}

# Exchanges an Entra token for one of the registry. It is passed through a pipe, because arguments are public. The curl
# of Windows fails (35) if a firewall blocks the certificate's revocation servers; curl with OpenSSL contacts none.
function Exchange-Token([string] $registry, [string] $token) {
    $answer = "grant_type=access_token&service=$registry&access_token=$token" |
        & curl.exe --disable --silent --show-error --fail --ssl-no-revoke --connect-timeout 10 --max-time 60 `
            --data '@-' "https://$registry/oauth2/exchange"
    if ("$answer" -match '"refresh_token" *: *"([^"]+)"') { $Matches[1] }
}

function Run-Container([string[]] $words) {
    $environment = Get-ChildItem Env: | Where-Object { Is-Passed-On $_.Name } | ForEach-Object { '--env', $_.Name }
    $arguments = @('run', '--rm', '--pull=never', '--name', $env:AZ_BATCH_TASK_ID) +
        @('--label', "$label=$(Launcher-Id $PID)") + @($environment) + $words + @($env:RUNNER_IMAGE)
    $start = New-Object Diagnostics.ProcessStartInfo -Property @{ FileName = $engine; UseShellExecute = $false }
    $start.Arguments = @($arguments | ForEach-Object { Quote "$_" }) -join ' '
    $client = [Diagnostics.Process]::Start($start)
    $client.WaitForExit()
    exit $client.ExitCode
}

# Quotes a word so that Windows programs read it back unchanged: backslashes are special only before a quote.
function Quote([string] $word) {
    if ($word -and $word -notmatch '[\s"]') { return $word }
    return '"' + (($word -replace '(\\*)"', '$1$1\"') -replace '(\\+)\z', '$1$1') + '"'
}

# Passes variables by name: the engine's client reads their values, which may be secrets, from its environment.
function Is-Passed-On([string] $name) {
    switch -Wildcard -CaseSensitive ($name) {
        'RUNNER_IMAGE' { return $false }
        'RUNNER_CONTAINER_RUN_OPTIONS' { return $false }
        'RUNNER_REGISTRY' { return $false }
        'RUNNER_*' { return $true }
        'ActionsRunner_*' { return $true }
        'AZ_BATCH_TASK_ID' { return $true }
        'AZ_BATCH_NODE_ID' { return $true }
        'AZ_BATCH_POOL_ID' { return $true }
        'http_proxy' { return $true }
        'https_proxy' { return $true }
        'no_proxy' { return $true }
        'HTTP_PROXY' { return $true }
        'HTTPS_PROXY' { return $true }
        'NO_PROXY' { return $true }
    }
    return $false
}

Main
