# Runs the container of one Batch task (a profile with the launch `docker-run`), on a Windows node.
#
#   launch.ps1                 removes orphans, pulls RUNNER_IMAGE if the node does not have it, and runs it
#   launch.ps1 -Pull IMAGE     only pulls an image
#   launch.ps1 -RemoveOrphans  only removes containers whose task has ended: a scheduled task runs this
#
# It equals arm/linux/launch.sh, function by function. Windows can neither replace a process by another
# program nor notify one that it is being terminated, so the client is a child, and the container of a
# terminated task is removed by the next launch or by the scheduled task.
#
# Exit codes:
#   64  the task is incomplete, or an option has an open quote
#   69  the engine does not answer, or the image could not be had
#   72  a program that the script needs is missing
#  125  the engine could not make the container: options, or an image for another Windows build
#  126  the engine could not start the image's entrypoint
#  127  the engine did not find the image's entrypoint
#  137  the container was killed before it ended by itself: out of memory, or the engine's grace was over
#    *  the container's own otherwise
# (images/exit_codes.py writes this list from exit-codes.json.)
param([string] $Pull = '', [switch] $RemoveOrphans)

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

# The agent of Batch may have started before Docker came into PATH.
$engine = if ($env:MAYFLY_ENGINE) { $env:MAYFLY_ENGINE } else { "$env:ProgramFiles\docker\docker.exe" }
$label = 'mayfly.launcher'
$tries = 5
$identityService = 'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F'

function Main {
    if ($Pull) {
        Need-Program $engine
        Bring-Image $Pull
    } elseif ($RemoveOrphans) {
        Need-Program $engine
        Remove-Orphans
    } else {
        Require RUNNER_IMAGE AZ_BATCH_TASK_ID
        $words = Split-Words "$env:RUNNER_CONTAINER_RUN_OPTIONS"
        Need-Program $engine
        Remove-Orphans
        Bring-Image $env:RUNNER_IMAGE
        Run-Container $words
    }
}

function Tell([string] $text) {
    $name = if ($env:AZ_BATCH_TASK_ID) { $env:AZ_BATCH_TASK_ID } else { 'node' }
    [Console]::Error.WriteLine("launch: ${name}: $text")
}

function Require {
    $missing = @($args | Where-Object { -not [Environment]::GetEnvironmentVariable($_) })
    if ($missing.Count -eq 0) { return }
    Tell "missing: $($missing -join ',')"
    exit 64
}

function Need-Program([string] $program) {
    if (Get-Command $program -CommandType Application -ErrorAction SilentlyContinue) { return }
    Tell "$program is missing"
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
    if ($quote) { Tell 'an open quote in RUNNER_CONTAINER_RUN_OPTIONS'; exit 64 }
    if ($begun) { $words.Add($word) }
    return , $words.ToArray()
}

# When Batch terminates a task, the engine's client is killed and the container lives on. A container is an
# orphan when the process that it is labelled with has ended; containers of running tasks are left alone.
function Remove-Orphans {
    $listed = & $engine ps --all --filter "label=$label" --format '{{.ID}} {{.Labels}}'
    if ($LASTEXITCODE -ne 0) { Tell "$engine does not answer"; exit 69 }
    foreach ($line in @($listed)) {
        # docker writes a label as name=value, podman as name:value.
        if ("$line" -notmatch "^(\S+) .*${label}[=:]([0-9a-f.-]+)") { continue }
        $container, $launcher = $Matches[1], $Matches[2]
        if ((Launcher-Of ($launcher.Split('.')[0])) -eq $launcher) { continue }
        Tell "removing container $container, whose task has ended"
        # Another launch may be removing it at this moment.
        & $engine rm --force $container | Out-Null
    }
}

# Prints what tells a living process from a later one of the same id: its start.
function Launcher-Of([string] $id) {
    $process = Get-Process | Where-Object { "$($_.Id)" -eq $id }
    # The start of a protected process cannot be read; such a one is no launcher.
    try { if ($process) { "$id.$($process.StartTime.ToFileTimeUtc())" } } catch { return }
}

# A tag that the node has is not pulled again, so that a start needs no registry.
function Bring-Image([string] $image) {
    if (Has-Image $image) { return }
    if (Signs-In $image) { Need-Program curl.exe }
    foreach ($try in 1..$tries) {
        if (Pull-Image $image) { return }
        if ($try -lt $tries) { Start-Sleep -Seconds (1 -shl $try) }
    }
    Tell "gave up after $tries tries to pull $image"
    exit 69
}

function Has-Image([string] $image) {
    # PowerShell 5.1 takes each redirected line of standard error for a failure.
    $ErrorActionPreference = 'Continue'
    & $engine image inspect $image *>$null
    return $LASTEXITCODE -eq 0
}

# The credential has a folder of its own, which is removed before any container runs.
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

# Another program may hold a file of the folder open; a pull that succeeded stays one.
function Remove-Credential([string] $folder) {
    foreach ($try in 1..$tries) {
        Remove-Item -Recurse -Force $folder -ErrorAction SilentlyContinue
        if (-not (Test-Path $folder)) { return }
        Start-Sleep -Seconds 1
    }
    Tell "the folder $folder holds a credential of the registry and could not be removed"
}

function Signs-In([string] $image) {
    $registry = if ($env:RUNNER_REGISTRY) { $env:RUNNER_REGISTRY } else { $image.Split('/')[0] }
    return (Test-Path "$PSScriptRoot\pool-identity") -and $image.StartsWith("$registry/")
}

function Sign-In([string] $image) {
    $registry = if ($env:RUNNER_REGISTRY) { $env:RUNNER_REGISTRY } else { $image.Split('/')[0] }
    if (-not (Signs-In $image)) { return $true }
    $token = Ask-Identity
    if (-not $token) { Tell 'the identity of the pool has no token'; return $false }
    $refresh = Exchange-Token $registry $token
    if (-not $refresh) { Tell "$registry refuses the identity of the pool"; return $false }
    # The registry takes its refresh token as the password of a user with no name.
    $refresh | & $engine login --username 00000000-0000-0000-0000-000000000000 --password-stdin $registry | Out-Null
    return $LASTEXITCODE -eq 0
}

function Ask-Identity {
    $client = (Get-Content -Raw "$PSScriptRoot\pool-identity").Trim()
    # The service answers on the node alone: no proxy may be asked.
    $answer = & curl.exe --disable --silent --show-error --fail --noproxy '*' --connect-timeout 10 --max-time 60 `
        --header 'Metadata: true' "$identityService&client_id=$client"
    if ("$answer" -match '"access_token" *: *"([^"]+)"') { $Matches[1] }
}

# Exchanges a token of Entra for one of the registry; it travels by pipe, since arguments are public. Windows'
# curl fails (35) where a firewall hides the certificate's revocation servers; curl with OpenSSL asks none.
function Exchange-Token([string] $registry, [string] $token) {
    $answer = "grant_type=access_token&service=$registry&access_token=$token" |
        & curl.exe --disable --silent --show-error --fail --ssl-no-revoke --connect-timeout 10 --max-time 60 `
            --data '@-' "https://$registry/oauth2/exchange"
    if ("$answer" -match '"refresh_token" *: *"([^"]+)"') { $Matches[1] }
}

function Run-Container([string[]] $words) {
    $environment = Get-ChildItem Env: | Where-Object { Is-Handed-On $_.Name } | ForEach-Object { '--env', $_.Name }
    $arguments = @('run', '--rm', '--pull=never', '--name', $env:AZ_BATCH_TASK_ID) +
        @('--label', "$label=$(Launcher-Of $PID)") + @($environment) + $words + @($env:RUNNER_IMAGE)
    $start = New-Object Diagnostics.ProcessStartInfo -Property @{ FileName = $engine; UseShellExecute = $false }
    $start.Arguments = @($arguments | ForEach-Object { Quote "$_" }) -join ' '
    $client = [Diagnostics.Process]::Start($start)
    $client.WaitForExit()
    exit $client.ExitCode
}

# Writes a word so that a program of Windows reads it back as it was: backslashes count only before a quote.
function Quote([string] $word) {
    if ($word -and $word -notmatch '[\s"]') { return $word }
    return '"' + (($word -replace '(\\*)"', '$1$1\"') -replace '(\\+)\z', '$1$1') + '"'
}

# Variables go by name: the engine's client reads the values, which are secrets, from its environment.
function Is-Handed-On([string] $name) {
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
