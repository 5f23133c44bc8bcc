# Runs the tests of the Windows scripts with a fixed version of Pester. The workflow calls it in Windows PowerShell 5.1.
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
[Net.ServicePointManager]::SecurityProtocol = 'Tls12'

$version = '5.7.1'
# Tests that are not found must not count as passed.
$minTests = 20

if (-not (Get-Module -ListAvailable Pester | Where-Object { $_.Version -eq $version })) {
    # Windows includes Pester 3, which another publisher has signed.
    Install-Module Pester -RequiredVersion $version -Force -SkipPublisherCheck -Scope CurrentUser
}
Import-Module Pester -RequiredVersion $version

$configuration = New-PesterConfiguration
$configuration.Run.Path = $PSScriptRoot
$configuration.Run.PassThru = $true
$configuration.Output.Verbosity = 'Detailed'
# Scripts under test must not inherit these preferences from this one.
Set-StrictMode -Off
$ErrorActionPreference = 'Continue'
$result = Invoke-Pester -Configuration $configuration
if ($result.Result -ne 'Passed' -or $result.PassedCount -lt $minTests) { exit 1 }
exit 0
