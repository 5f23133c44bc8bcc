# Installs Git and GitHub's runner, or the agent of Azure Pipelines, into the image, by the versions and digests of the
# Dockerfile's arguments.
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
# GitHub requires TLS 1.2, which older versions of Windows do not offer by default.
[Net.ServicePointManager]::SecurityProtocol = 'Tls12'

function Main {
    Install-Git
    if ($env:AGENT_VERSION) {
        $name = "$env:AGENT_PACKAGE-win-$env:AGENT_ARCHITECTURE-$env:AGENT_VERSION.zip"
        Install-Runner "$env:AGENT_RELEASES/$env:AGENT_VERSION/$name" $env:AGENT_SHA256
    } else {
        $name = "actions-runner-win-$env:RUNNER_ARCHITECTURE-$env:RUNNER_VERSION.zip"
        Install-Runner "$env:RUNNER_RELEASES/v$env:RUNNER_VERSION/$name" $env:RUNNER_SHA256
    }
}

function Get-Archive([string] $address, [string] $digest) {
    $archive = "C:\mayfly\$($address.Split('/')[-1])"
    Invoke-WebRequest -UseBasicParsing -Uri $address -OutFile $archive
    $found = (Get-FileHash -Algorithm SHA256 $archive).Hash
    if ($found -ne $digest) { throw "$address has the SHA-256 $found, not $digest" }
    $archive
}

function Install-Git {
    $archive = Get-Archive "$env:GIT_RELEASES/$env:GIT_TAG/PortableGit-$env:GIT_VERSION-64-bit.7z.exe" $env:GIT_SHA256
    $unpacking = Start-Process -Wait -PassThru $archive -ArgumentList '-y', '-oC:\git'
    if ($unpacking.ExitCode -ne 0) { throw "Git could not be unpacked: $($unpacking.ExitCode)" }
    Remove-Item $archive
    $path = [Environment]::GetEnvironmentVariable('PATH', 'Machine')
    [Environment]::SetEnvironmentVariable('PATH', "C:\git\cmd;C:\git\bin;$path", 'Machine')
    & C:\git\cmd\git.exe --version
    if ($LASTEXITCODE -ne 0) { throw "Git does not run: $LASTEXITCODE" }
}

function Install-Runner([string] $address, [string] $digest) {
    $archive = Get-Archive $address $digest
    Expand-Archive $archive $env:RUNNER_HOME
    Remove-Item $archive
    # S-1-5-93-2-2 is ContainerUser, whose name is unknown outside of containers.
    icacls.exe $env:RUNNER_HOME /grant '*S-1-5-93-2-2:(OI)(CI)F' /q
    if ($LASTEXITCODE -ne 0) { throw "ContainerUser could not be granted access to the runner's folder: $LASTEXITCODE" }
}

Main
