# The start task of a Windows pool: prepares a plain node of Windows Server 2019 or 2022 for containers.
#
# It installs the feature Containers and Docker CE, writes launch.ps1 and the identity that launch.ps1 pulls with,
# schedules the removal of orphaned containers, and pulls the images. Batch runs it at each start of the node, so also
# after the reboot that the feature needs. Each step is recorded after it succeeded, so that the next run repeats an
# interrupted step.
#
# Environment:
#   MAYFLY_LAUNCH           launch.ps1 in base64
#   MAYFLY_POOL_IDENTITY    client id of the identity that pulls from the registry; empty: no sign-in
#   MAYFLY_IMAGES           images to pull, separated by spaces
#   MAYFLY_DOCKER_RELEASES  URL of a folder with Docker's archive; it is tried before download.docker.com
#
# Exit codes: 0 the node is ready; 1 it is not. The last line states the reason.
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
# Drawing a progress bar makes a download many times slower.
$ProgressPreference = 'SilentlyContinue'
# PowerShell of Windows Server 2019 does not offer TLS 1.2 by default.
[Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12

# Docker publishes no digests; the manifests of Scoop and winget agree on this one.
$dockerVersion = '29.7.2'
$dockerSha256 = 'ed9222f478a5d143ac90e8e2fd3209b5076382cdb4b210321f97aa4b68bc6811'
$releases = @("$env:MAYFLY_DOCKER_RELEASES".TrimEnd('/'), 'https://download.docker.com/win/static/stable/x86_64') -ne ''
$tries = 5

$folder = "$env:AZ_BATCH_NODE_SHARED_DIR\mayfly"
$docker = "$env:ProgramFiles\docker"
# Batch may start this task again while Windows is shutting down, which counts as a reboot, too.
$maxReboots = 5

function Main {
    foreach ($name in 'AZ_BATCH_NODE_SHARED_DIR', 'MAYFLY_LAUNCH') {
        if (-not [Environment]::GetEnvironmentVariable($name)) { throw "$name is missing" }
    }
    New-Item -ItemType Directory -Force $folder | Out-Null
    Install-Feature
    Install-Docker
    Start-Docker
    Write-Launch
    Set-Watch
    Get-Images
    Report 'the node is ready'
}

function Report([string] $text) {
    Write-Host "start task: $text"
}

function Install-Feature {
    $feature = Get-WindowsFeature Containers
    if ($feature.InstallState -eq 'Available') {
        Report 'installing the feature Containers'
        $result = Install-WindowsFeature Containers
        if (-not $result.Success) { throw "the feature Containers could not be installed: $($result.ExitCode)" }
        if ($result.RestartNeeded -ne 'No') { Restart-Node }
        $feature = Get-WindowsFeature Containers
    }
    if ($feature.InstallState -eq 'InstallPending') { Restart-Node }
    if ($feature.InstallState -ne 'Installed') { throw "the feature Containers is $($feature.InstallState)" }
}

# If this task ended here, Batch would start other tasks on a node that is about to reboot.
function Restart-Node {
    $count = 1 + @(Get-ChildItem $folder -Filter 'reboot-*').Count
    if ($count -gt $maxReboots) { throw "the feature Containers still requires a reboot after $maxReboots reboots" }
    New-Item -ItemType File "$folder\reboot-$count" | Out-Null
    Report "rebooting, time $count"
    # Batch may start this task while Windows is shutting down; Windows then rejects the restart (1115).
    try { Restart-Computer -Force } catch { Report "Windows rejects another reboot: $($_.Exception.Message)" }
    Start-Sleep -Seconds 600
    throw 'the node did not reboot within ten minutes'
}

# The marker is in Docker's own folder; it is written last and removed first. After a power loss, it may be empty.
function Install-Docker {
    $marker = "$docker\installed"
    if ((Test-Path $marker) -and "$(Get-Content -Raw $marker)".Trim() -eq $dockerSha256) { return }
    $unpacked = "$docker.new"
    Get-Docker $unpacked
    Remove-Docker
    # Files that are unpacked below Program Files get its permissions: only administrators may change them.
    Move-Item "$unpacked\docker" $docker
    Remove-Item -Recurse -Force $unpacked
    Set-Daemon
    & "$docker\dockerd.exe" --register-service
    if ($LASTEXITCODE -ne 0) { throw "Docker could not be registered as a service: $LASTEXITCODE" }
    Set-Content -Encoding Ascii $marker $dockerSha256
}

function Get-Docker([string] $unpacked) {
    $zip = Join-Path ([IO.Path]::GetTempPath()) "docker-$dockerVersion.zip"
    Receive-Docker $zip
    $digest = (Get-FileHash -Algorithm SHA256 $zip).Hash
    if ($digest -ne $dockerSha256) {
        Remove-Item -Force $zip
        throw "Docker $dockerVersion has the SHA-256 $digest, not $dockerSha256"
    }
    if (Test-Path $unpacked) { Remove-Item -Recurse -Force $unpacked }
    # If the disk is full, Expand-Archive reports a file that it could not remove instead of the cause.
    try { Expand-Archive $zip $unpacked } catch { throw "Docker could not be unpacked; the disk may be full: $($_.Exception.Message)" }
    Remove-Item -Force $zip
}

# A firewall rule, a NAT gateway or DNS of a new network may become available later than the node. An archive with
# another SHA-256 is not downloaded again: it is the wrong archive.
function Receive-Docker([string] $zip) {
    foreach ($try in 1..$tries) {
        foreach ($from in $releases) {
            Report "downloading Docker $dockerVersion from $from"
            try {
                Invoke-WebRequest -UseBasicParsing -TimeoutSec 600 -Uri "$from/docker-$dockerVersion.zip" -OutFile $zip
                return
            } catch { Report "download failed: $($_.Exception.Message)" }
        }
        if ($try -lt $tries) { Start-Sleep -Seconds (1 -shl $try) }
    }
    throw "Docker $dockerVersion could not be downloaded in $tries tries"
}

function Remove-Docker {
    if (Test-Path "$docker\installed") { Remove-Item -Force "$docker\installed" }
    if (Get-Service docker -ErrorAction SilentlyContinue) {
        Stop-Service -Force docker
        sc.exe delete docker | Out-Null
        if ($LASTEXITCODE -ne 0) { throw "the previous service could not be removed: $LASTEXITCODE" }
    }
    if (Test-Path $docker) { Remove-Item -Recurse -Force $docker }
}

# Without a group, only administrators and the system may open the pipe; launch.ps1 runs as an administrator.
function Set-Daemon {
    $config = "$env:ProgramData\docker\config"
    New-Item -ItemType Directory -Force $config | Out-Null
    Set-Content -Encoding Ascii "$config\daemon.json" '{"hosts": ["npipe://"]}'
}

function Start-Docker {
    Start-Service docker
    $ErrorActionPreference = 'Continue'
    foreach ($try in 1..60) {
        & "$docker\docker.exe" version *>$null
        if ($LASTEXITCODE -eq 0) { return }
        Start-Sleep -Seconds 1
    }
    throw 'Docker does not respond one minute after its start'
}

# Batch starts no task during the start task; launch.ps1 is still replaced atomically. The scheduled task runs the copy
# in Docker's folder, which only administrators may change.
function Write-Launch {
    if ($env:MAYFLY_POOL_IDENTITY) {
        Set-Content -Encoding Ascii "$folder\pool-identity" $env:MAYFLY_POOL_IDENTITY
    } elseif (Test-Path "$folder\pool-identity") {
        Remove-Item -Force "$folder\pool-identity"
    }
    [IO.File]::WriteAllBytes("$folder\launch.new", [Convert]::FromBase64String($env:MAYFLY_LAUNCH))
    Move-Item -Force "$folder\launch.new" "$folder\launch.ps1"
    Copy-Item -Force "$folder\launch.ps1" "$docker\launch.ps1"
}

# A container outlives its client, which Batch kills with the task: a scheduled task removes such containers each minute.
function Set-Watch {
    $line = "-NoProfile -NonInteractive -ExecutionPolicy Bypass -File `"$docker\launch.ps1`" -RemoveOrphans"
    $action = New-ScheduledTaskAction -Execute powershell.exe -Argument $line
    $trigger = New-ScheduledTaskTrigger -Once -At (Get-Date) -RepetitionInterval (New-TimeSpan -Minutes 1)
    $limits = New-ScheduledTaskSettingsSet -MultipleInstances IgnoreNew -ExecutionTimeLimit (New-TimeSpan -Minutes 10)
    Register-ScheduledTask -Force -TaskName 'Mayfly orphans' -User SYSTEM -RunLevel Highest `
        -Action $action -Trigger $trigger -Settings $limits | Out-Null
}

function Get-Images {
    foreach ($image in "$env:MAYFLY_IMAGES".Split(' ', [StringSplitOptions]::RemoveEmptyEntries)) {
        Report "pulling $image"
        powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File "$folder\launch.ps1" -Pull $image
        if ($LASTEXITCODE -ne 0) { throw "$image could not be pulled: $LASTEXITCODE" }
    }
}

try {
    Main
} catch {
    Report "failed: $($_.Exception.Message)"
    exit 1
}
exit 0
