# Prepares a plain node of Windows Server 2019 or 2022 for containers: the start task of a Windows pool.
#
# It installs the feature Containers and Docker CE, writes launch.ps1 beside the identity that it pulls
# with, schedules the removal of orphans, and pulls the images. Batch runs it at each start of the node, so
# also after the reboot that the feature needs. A step is recorded after it succeeded: the next run repeats
# a step that was interrupted.
#
# Environment:
#   MAYFLY_LAUNCH           launch.ps1, in base64
#   MAYFLY_POOL_IDENTITY    client id of the identity that pulls from the registry; none: no sign-in
#   MAYFLY_IMAGES           images to pull, with spaces between them
#   MAYFLY_DOCKER_RELEASES  the address of a folder that has Docker's archive: asked before download.docker.com
#
# Exit codes: 0 the node is ready; 1 it is not, and the last line says why.
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
# A drawn progress bar makes a download many times slower.
$ProgressPreference = 'SilentlyContinue'
# PowerShell of Windows Server 2019 does not offer TLS 1.2 by itself.
[Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12

# Docker publishes no digests; this one stands alike in the manifests of Scoop and winget.
$dockerVersion = '29.7.2'
$dockerSha256 = 'ed9222f478a5d143ac90e8e2fd3209b5076382cdb4b210321f97aa4b68bc6811'
$releases = @("$env:MAYFLY_DOCKER_RELEASES".TrimEnd('/'), 'https://download.docker.com/win/static/stable/x86_64') -ne ''
$tries = 5

$folder = "$env:AZ_BATCH_NODE_SHARED_DIR\mayfly"
$docker = "$env:ProgramFiles\docker"
# Batch may start this again while Windows is going down, which counts as well.
$mostReboots = 5

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
    Tell 'the node is ready'
}

function Tell([string] $text) {
    Write-Host "start task: $text"
}

function Install-Feature {
    $feature = Get-WindowsFeature Containers
    if ($feature.InstallState -eq 'Available') {
        Tell 'installing the feature Containers'
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
    if ($count -gt $mostReboots) { throw "the feature Containers still asks for a reboot after $mostReboots of them" }
    New-Item -ItemType File "$folder\reboot-$count" | Out-Null
    Tell "rebooting, time $count"
    # Batch may start this task while Windows is shutting down, and Windows then refuses (1115).
    try { Restart-Computer -Force } catch { Tell "Windows rejects another reboot: $($_.Exception.Message)" }
    Start-Sleep -Seconds 600
    throw 'the reboot did not come within ten minutes'
}

# The marker is in Docker's own folder, is written last and removed first. A node that lost power may have an
# empty one.
function Install-Docker {
    $marker = "$docker\installed"
    if ((Test-Path $marker) -and "$(Get-Content -Raw $marker)".Trim() -eq $dockerSha256) { return }
    $unpacked = "$docker.new"
    Get-Docker $unpacked
    Remove-Docker
    # Unpacked below Program Files, the files have its permissions: only administrators may change them.
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
    # On a full disk Expand-Archive names a file that it failed to remove, and not the cause.
    try { Expand-Archive $zip $unpacked } catch { throw "Docker could not be unpacked; the disk may be full: $($_.Exception.Message)" }
    Remove-Item -Force $zip
}

# A firewall rule, a NAT gateway or DNS of a new network may come later than the node. An archive of another
# SHA-256 is not fetched again: it is the wrong one.
function Receive-Docker([string] $zip) {
    foreach ($try in 1..$tries) {
        foreach ($from in $releases) {
            Tell "downloading Docker $dockerVersion from $from"
            try {
                Invoke-WebRequest -UseBasicParsing -TimeoutSec 600 -Uri "$from/docker-$dockerVersion.zip" -OutFile $zip
                return
            } catch { Tell "download failed: $($_.Exception.Message)" }
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
        if ($LASTEXITCODE -ne 0) { throw "the former service could not be removed: $LASTEXITCODE" }
    }
    if (Test-Path $docker) { Remove-Item -Recurse -Force $docker }
}

# Without a group, the pipe is open to administrators and the system alone; launch.ps1 runs as one.
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
    throw 'Docker does not answer a minute after its start'
}

# Batch starts no task meanwhile: launch.ps1 is replaced as a whole all the same. The scheduled task runs the
# copy in Docker's folder, which only administrators may change.
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

# A container outlives the client that Batch kills with its task: each minute, such containers are removed.
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
        Tell "pulling $image"
        powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File "$folder\launch.ps1" -Pull $image
        if ($LASTEXITCODE -ne 0) { throw "$image could not be pulled: $LASTEXITCODE" }
    }
}

try {
    Main
} catch {
    Tell "failed: $($_.Exception.Message)"
    exit 1
}
exit 0
