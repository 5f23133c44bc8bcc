# Runs the shared table of cases against the Windows scripts.
#
#   Invoke-Pester tests/images    Pester 5 in Windows PowerShell 5.1, with Python in PATH

BeforeDiscovery {
    $tables = @(Get-ChildItem "$PSScriptRoot\cases\*.json" | ForEach-Object { @{ Table = $_.BaseName } })
}

Describe 'The scripts of Windows' {
    BeforeAll {
        $env:CASES_TOOLS = Join-Path ([IO.Path]::GetTempPath()) ([guid]::NewGuid())
        New-Item -ItemType Directory $env:CASES_TOOLS | Out-Null
        Add-Type -Path "$PSScriptRoot\cases\Clock.cs" -OutputAssembly "$env:CASES_TOOLS\Clock.dll"
        Add-Type -Path "$PSScriptRoot\cases\Stub.cs" -OutputAssembly "$env:CASES_TOOLS\Stub.exe" -OutputType ConsoleApplication
    }

    AfterAll {
        Remove-Item -Recurse -Force -ErrorAction SilentlyContinue $env:CASES_TOOLS
    }

    It 'run in the PowerShell that the image has' {
        $PSVersionTable.PSVersion.Major | Should -Be 5
    }

    It 'have a table of cases' -TestCases @{ Count = $tables.Count } {
        $Count | Should -BeGreaterThan 5
    }

    It 'pass the cases of <Table>' -TestCases $tables {
        # cmd joins the streams, because Windows PowerShell treats a redirected line of standard error as a failure.
        $output = @(cmd.exe /d /c "python `"$PSScriptRoot\cases\run.py`" $Table 2>&1")
        $LASTEXITCODE | Should -Be 0 -Because ($output -join "`n")
        $output[-1] | Should -Match '^[1-9]\d* passed, 0 failed$'
    }
}
