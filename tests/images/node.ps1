# Runs start-task.ps1 on a fake node, whose commands are functions, for start-task.Tests.ps1.
#
# WORLD\node.json configures the node; each change that the script would make to a real node is a line of
# WORLD\events. Files are real, below WORLD.
param([string] $World)

$global:world = $World
$global:node = Get-Content -Raw "$World\node.json" | ConvertFrom-Json

function global:Add-Event([string] $text) {
    Add-Content -Encoding Ascii "$global:world\events" $text
}

function global:Get-WindowsFeature {
    [pscustomobject] @{ InstallState = $global:node.Feature }
}

function global:Install-WindowsFeature {
    Add-Event "install $args"
    $global:node.Feature = 'InstallPending'
    [pscustomobject] @{ Success = $true; RestartNeeded = 'Yes'; ExitCode = 'SuccessRestartRequired' }
}

function global:Restart-Computer {
    Add-Event 'reboot'
    if ($global:node.ShutsDown) { throw 'A system shutdown is in progress. (1115)' }
}

function global:Start-Sleep([int] $Seconds) {
    Add-Event "wait $Seconds"
}

function global:Invoke-WebRequest([switch] $UseBasicParsing, [string] $Uri, [string] $OutFile, [int] $TimeoutSec) {
    Add-Event "download $Uri by $([Net.ServicePointManager]::SecurityProtocol)"
    $global:node.FailingDownloads -= 1
    if ($global:node.FailingDownloads -ge 0) { throw 'Unable to connect to the remote server' }
    Copy-Item "$global:world\docker.zip" $OutFile
}

function global:Get-FileHash {
    [pscustomobject] @{ Hash = $global:node.Digest }
}

function global:Get-Service {
    if ($global:node.HasService) { [pscustomobject] @{ Name = 'docker' } }
}

function global:Stop-Service { Add-Event 'stop docker' }

function global:Start-Service { Add-Event 'start docker' }

function global:sc.exe {
    Add-Event "sc $args"
    $global:LASTEXITCODE = 0
}

# Replaces the call of launch.ps1 that pulls an image.
function global:powershell.exe {
    Add-Event "pull $($args[-1])"
    $global:LASTEXITCODE = $global:node.PullCode
}

function global:New-ScheduledTaskAction { Add-Event "action $args" }
function global:New-ScheduledTaskTrigger { 'trigger' }
function global:New-ScheduledTaskSettingsSet { 'settings' }
function global:Register-ScheduledTask { Add-Event "schedule $args" }

# The default of older versions of Windows.
[Net.ServicePointManager]::SecurityProtocol = 'Tls'
New-Item -ItemType Directory -Force "$World\temporary", "$World\programs", "$World\data", "$World\shared" | Out-Null
$env:TEMP = "$World\temporary"; $env:TMP = $env:TEMP
$env:ProgramFiles = "$World\programs"
$env:ProgramData = "$World\data"
$env:AZ_BATCH_NODE_SHARED_DIR = "$World\shared"
foreach ($variable in $global:node.Environment.PSObject.Properties) {
    [Environment]::SetEnvironmentVariable($variable.Name, $variable.Value)
}

& $global:node.Script
exit $LASTEXITCODE
