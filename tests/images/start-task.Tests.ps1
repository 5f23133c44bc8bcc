# Tests how the start task prepares a Windows node (Pester 5 in Windows PowerShell 5.1). node.ps1 is a fake node.

Describe 'The start task of a Windows node' {
    BeforeAll {
        $startTask = (Get-Item "$PSScriptRoot\..\..\arm\windows\start-task.ps1").FullName
        $digest = [regex]::Match((Get-Content -Raw $startTask), "dockerSha256 = '([0-9a-f]{64})'").Groups[1].Value
        $launch = [Convert]::ToBase64String([IO.File]::ReadAllBytes("$PSScriptRoot\..\..\arm\windows\launch.ps1"))

        # Creates an archive of Docker whose programs do nothing and succeed.
        function New-Archive {
            $folder = "$TestDrive\archive\docker"
            New-Item -ItemType Directory $folder | Out-Null
            $source = 'static class Nothing { static int Main() { return 0; } }'
            Add-Type -TypeDefinition $source -OutputAssembly "$folder\docker.exe" -OutputType ConsoleApplication
            Copy-Item "$folder\docker.exe" "$folder\dockerd.exe"
            Compress-Archive $folder "$TestDrive\docker.zip"
        }

        # Returns a node that lacks only Docker, with these differences.
        function New-Node([hashtable] $differences = @{}) {
            $world = "$TestDrive\$([guid]::NewGuid())"
            New-Item -ItemType Directory $world | Out-Null
            Copy-Item "$TestDrive\docker.zip" $world
            $node = @{
                Script = $startTask; World = $world; Feature = 'Installed'; ShutsDown = $false; FailingDownloads = 0
                Digest = $digest; HasService = $false; PullCode = 0; Environment = @{ MAYFLY_LAUNCH = $launch }
            }
            foreach ($name in $differences.Keys) { $node[$name] = $differences[$name] }
            $node
        }

        # Runs the start task, and returns its exit code, its output and its changes.
        function Start-Node([hashtable] $node) {
            $events = "$($node.World)\events"
            if (Test-Path $events) { Remove-Item $events }
            ConvertTo-Json $node | Set-Content -Encoding Ascii "$($node.World)\node.json"
            # cmd joins the streams, because Windows PowerShell treats a redirected line of standard error as a failure.
            $output = @(cmd.exe /d /c ("powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass " +
                "-File `"$PSScriptRoot\node.ps1`" -World `"$($node.World)`" 2>&1"))
            $code = $LASTEXITCODE
            $done = @(if (Test-Path $events) { Get-Content $events })
            @{
                Code = $code; Output = $output -join "`n"; Events = $done
                Downloads = @($done -like 'download *'); Waits = @($done -like 'wait *')
            }
        }

        New-Archive
    }

    It 'installs Docker, writes launch.ps1 and pulls the images' {
        $node = New-Node @{ Environment = @{ MAYFLY_LAUNCH = $launch; MAYFLY_IMAGES = 'a.io/x:1  a.io/y:2' } }
        $run = Start-Node $node
        $run.Code | Should -Be 0 -Because $run.Output
        $run.Output | Should -Match 'start task: the node is ready$'
        $run.Downloads.Count | Should -Be 1
        $run.Events -like 'pull *' | Should -Be 'pull a.io/x:1', 'pull a.io/y:2'
        $written = "$($node.World)\shared\mayfly\launch.ps1"
        [Convert]::ToBase64String([IO.File]::ReadAllBytes($written)) | Should -Be $launch
        Test-Path "$($node.World)\shared\mayfly\pool-identity" | Should -BeFalse
        Get-Content "$($node.World)\data\docker\config\daemon.json" | Should -Be '{"hosts": ["npipe://"]}'
    }

    It 'writes the pool identity, and removes a previous one' {
        $node = New-Node @{ Environment = @{ MAYFLY_LAUNCH = $launch; MAYFLY_POOL_IDENTITY = 'client-1' } }
        (Start-Node $node).Code | Should -Be 0
        Get-Content "$($node.World)\shared\mayfly\pool-identity" | Should -Be 'client-1'
        $node.Environment = @{ MAYFLY_LAUNCH = $launch }
        (Start-Node $node).Code | Should -Be 0
        Test-Path "$($node.World)\shared\mayfly\pool-identity" | Should -BeFalse
    }

    It 'installs nothing on a node that is ready' {
        $node = New-Node
        (Start-Node $node).Code | Should -Be 0
        $again = Start-Node $node
        $again.Code | Should -Be 0 -Because $again.Output
        $again.Downloads.Count | Should -Be 0
        $again.Events -like 'sc *' | Should -BeNullOrEmpty
    }

    It 'installs Docker again if the marker is empty' {
        $node = New-Node
        (Start-Node $node).Code | Should -Be 0
        Set-Content -NoNewline "$($node.World)\programs\docker\installed" ''
        $node.HasService = $true
        $again = Start-Node $node
        $again.Code | Should -Be 0 -Because $again.Output
        $again.Downloads.Count | Should -Be 1
        $again.Events | Should -Contain 'sc delete docker'
        (Get-Content "$($node.World)\programs\docker\installed") | Should -Be $digest
    }

    It 'downloads Docker with TLS 1.2 on older versions of Windows' {
        $run = Start-Node (New-Node)
        $run.Downloads[0] | Should -Match 'by .*Tls12'
    }

    It 'tries a download of Docker five times, with growing pauses' {
        $run = Start-Node (New-Node @{ FailingDownloads = 4 })
        $run.Code | Should -Be 0 -Because $run.Output
        $run.Downloads.Count | Should -Be 5
        $run.Waits | Should -Be 'wait 2', 'wait 4', 'wait 8', 'wait 16'
    }

    It 'fails after five failed downloads and states why' {
        $run = Start-Node (New-Node @{ FailingDownloads = 99 })
        $run.Code | Should -Be 1
        $run.Output | Should -Match 'Unable to connect to the remote server'
        $run.Output | Should -Match 'start task: failed: [^\n]*$'
        $run.Downloads.Count | Should -Be 5
    }

    It 'tries a mirror before Docker' {
        $environment = @{ MAYFLY_LAUNCH = $launch; MAYFLY_DOCKER_RELEASES = 'https://mirror.example/docker' }
        $run = Start-Node (New-Node @{ Environment = $environment })
        $run.Code | Should -Be 0 -Because $run.Output
        $run.Downloads.Count | Should -Be 1
        $run.Downloads[0] | Should -Match '^download https://mirror\.example/docker/docker-[\d.]+\.zip by'
    }

    It 'rejects an archive with another SHA-256 without a retry' {
        $node = New-Node @{ Digest = '0' * 64 }
        $run = Start-Node $node
        $run.Code | Should -Be 1
        $run.Output | Should -Match "has the SHA-256 0{64}, not $digest"
        $run.Downloads.Count | Should -Be 1
        Get-ChildItem -Recurse -File "$($node.World)\temporary", "$($node.World)\programs" | Should -BeNullOrEmpty
    }

    It 'installs the feature, reboots and waits for the reboot' {
        $run = Start-Node (New-Node @{ Feature = 'Available' })
        $run.Code | Should -Be 1
        $run.Events | Should -Be 'install Containers', 'reboot', 'wait 600'
        $run.Output | Should -Match 'the node did not reboot within ten minutes$'
    }

    It 'also waits if Batch restarts it during a shutdown' {
        $run = Start-Node (New-Node @{ Feature = 'InstallPending'; ShutsDown = $true })
        $run.Code | Should -Be 1
        $run.Events | Should -Be 'reboot', 'wait 600'
        $run.Output | Should -Match 'the node did not reboot within ten minutes$'
    }

    It 'fails after five reboots without the feature' {
        $node = New-Node @{ Feature = 'InstallPending' }
        foreach ($time in 1..5) { (Start-Node $node).Events | Should -Contain 'reboot' }
        $run = Start-Node $node
        $run.Code | Should -Be 1
        $run.Events | Should -Not -Contain 'reboot'
        $run.Output | Should -Match 'still requires a reboot after 5 reboots$'
    }

    It 'schedules the protected launch.ps1 to remove orphans' {
        $node = New-Node
        $run = Start-Node $node
        $run.Code | Should -Be 0 -Because $run.Output
        @($run.Events -like 'schedule *Mayfly orphans*SYSTEM*').Count | Should -Be 1
        $action = @($run.Events -like 'action *')[0]
        $action | Should -BeLike "*-File `"$($node.World)\programs\docker\launch.ps1`" -RemoveOrphans"
        Test-Path "$($node.World)\programs\docker\launch.ps1" | Should -BeTrue
    }

    It 'fails if an image cannot be pulled, and names it' {
        $environment = @{ MAYFLY_LAUNCH = $launch; MAYFLY_IMAGES = 'a.io/x:1 a.io/y:2' }
        $run = Start-Node (New-Node @{ PullCode = 69; Environment = $environment })
        $run.Code | Should -Be 1
        $run.Output | Should -Match 'start task: failed: a\.io/x:1 could not be pulled: 69$'
        $run.Events -like 'pull *' | Should -Be 'pull a.io/x:1'
    }

    It 'names a variable that is missing' {
        $run = Start-Node (New-Node @{ Environment = @{} })
        $run.Code | Should -Be 1
        $run.Output | Should -Match 'start task: failed: MAYFLY_LAUNCH is missing$'
    }
}
