# Runs a script, or the function Is-Allowed of the hook, in a session whose clock is the file WORLD\now.
#
# In the script, [DateTimeOffset]::UtcNow reads it. A wait between two claims or two pulls is written to WORLD\waits,
# advances the clock and takes no time. Once the runner runs, only the fake runner advances the clock, and waits are short.
param([string] $Tools, [string] $World, [string] $Script, [string] $Pull = '', [switch] $RemoveOrphans,
    [switch] $Prepare, [switch] $Serve)

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'

Add-Type -Path "$Tools\Clock.dll"
[Clock]::File = "$World\now"
[psobject].Assembly.GetType('System.Management.Automation.TypeAccelerators')::Add('DateTimeOffset', [Clock])

$global:waits = "$World\waits"
function global:Start-Sleep([int] $Seconds, [int] $Milliseconds) {
    $callers = @(Get-PSCallStack | ForEach-Object { $_.FunctionName })
    if ($Seconds -gt 0 -and ($callers -contains 'Claim' -or $callers -contains 'Ensure-Image')) {
        [Clock]::Pass($Seconds)
        Add-Content -Encoding Ascii $global:waits $Seconds
    } else {
        [Threading.Thread]::Sleep(50)
    }
}

function Judge([string] $repository) {
    $hook = "$World\mayfly\job-started.ps1"
    $tree = [Management.Automation.Language.Parser]::ParseFile($hook, [ref] $null, [ref] $null)
    $isAllowed = $tree.Find({
        $args[0] -is [Management.Automation.Language.FunctionDefinitionAst] -and $args[0].Name -eq 'Is-Allowed'
    }, $true)
    . ([scriptblock]::Create($isAllowed.Extent.Text))
    if (Is-Allowed $repository) { 0 } else { 1 }
}

# The script must run with its own preferences.
Set-StrictMode -Off
$ErrorActionPreference = 'Continue'
$global:LASTEXITCODE = 0
if ($Script -eq 'is_allowed') {
    exit (Judge (Get-Content -Raw -Encoding UTF8 "$World\case.json" | ConvertFrom-Json).repository)
}
$options = @{}
if ($Pull) { $options.Pull = $Pull }
if ($RemoveOrphans) { $options.RemoveOrphans = $true }
if ($Prepare) { $options.Prepare = $true }
if ($Serve) { $options.Serve = $true }
& "$World\mayfly\$Script.ps1" @options
# Without an `exit`, the code is 0, even if the last program failed.
if ($?) { exit 0 }
if ($LASTEXITCODE) { exit $LASTEXITCODE }
exit 1
