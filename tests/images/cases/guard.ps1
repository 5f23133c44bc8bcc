# Protects processes outside of the test from the hook: the worker of the job that runs the tests has
# the same name as the case's worker.
param([int] $Worker)

$global:worker = $Worker

function global:Get-Process {
    Microsoft.PowerShell.Management\Get-Process @args | Where-Object { $_.Id -eq $global:worker }
}

function global:Stop-Process {
    param([Parameter(ValueFromPipeline = $true)] [object] $InputObject, [int[]] $Id, [string[]] $Name, [switch] $Force)
    process {
        $asked = if ($InputObject) { $InputObject.Id } else { $Id }
        if ("$asked" -ne "$global:worker") { throw "process $asked$Name is not the test's" }
        Microsoft.PowerShell.Management\Stop-Process -Force:$Force -Id $global:worker
    }
}

function global:taskkill.exe { throw "taskkill might end processes that are not the test's" }
