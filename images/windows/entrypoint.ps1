# Turns one Batch task into one ephemeral GitHub runner or, in the image of `pipelines`, into one agent of Azure Pipelines, on
# Windows. The twin of images/ubuntu/entrypoint.sh.
#
# With RUNNER_CLAIM_URL it claims a one-time configuration with the task's ticket, and writes the files that the
# configuration contains. Without it, a runner registers with the registration token of the task
# (ActionsRunner_TOKEN). A process of its own does that and ends, and its memory with the nonce and the registration
# token goes with it. Then this script removes all variables from its environment that are not kept, and starts a
# second process with that environment, which runs the runner: the process that runs a job never had the ticket.
# PowerShell scripts receive no signals: stopping the container ends all its processes together.
#
# Exit codes:
#    0  the runner served a job, or no job needed the runner
#    1  config.sh failed for a reason without its own code, or an unexpected error
#    7  GitHub rejects this runner version at registration, at the session, or at a message
#   64  the task or the image is incomplete or inconsistent; one message lists all problems
#   68  the runner opened no session with GitHub within ten minutes
#   70  the runner's listener died while a job ran: crash, KILL, or out of memory
#   72  a program that the script requires is missing
#   75  the claim failed: it was rejected permanently, or retries for ten minutes did not succeed
#   76  the runner registered, but ended without a job
#   77  the runner rejected its job: the repository is not allowed, or the hook failed
#   78  the registration token has expired
#  124  the job ran longer than RUNNER_MAX_JOB_HOURS
#    *  the runner's own code otherwise
# (images/exit_codes.py writes this list from exit-codes.json.)
param([switch] $Prepare, [switch] $Serve)

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

if (-not $env:RUNNER_HOME) { $env:RUNNER_HOME = 'C:\runner' }

$configuration = ''; $allowed = ''
$status = ''; $retryAfter = ''; $body = ''
# Begins the line in which the first process returns the credential.
$prepared = "$([char] 4)claimed "

. "$PSScriptRoot\claim.ps1"
. "$PSScriptRoot\process.ps1"
. "$PSScriptRoot\serve.ps1"

function Main {
    if ($Serve) {
        $script:configuration = "$env:RUNNER_CONFIGURATION"
        $env:RUNNER_CONFIGURATION = $null
        Serve
    } elseif ($Prepare) {
        Require-Programs curl.exe
        Check-Hours
        Obtain-Credential
        [Console]::Out.WriteLine("$prepared$script:allowed $script:configuration")
    } else {
        Prepare-In-Process
        Enter-Clean-Environment
        exit (Start-Self '-Serve' $false).ExitCode
    }
}

# Obtains the credential in another process and sets $allowed and $configuration, which is empty if its files have been
# written. Exits with that process's code, and with 0 if it returned nothing: the runner is not needed.
function Prepare-In-Process {
    $child = Start-Self '-Prepare' $true
    if ($child.ExitCode -ne 0 -or -not $script:allowed) { exit $child.ExitCode }
    $null, $script:allowed, $script:configuration = $script:allowed -split ' ', 3
}

# Runs this script in another process until it ends. With $returns, the line with the credential is not copied to the
# output, but becomes $allowed.
function Start-Self([string] $option, [bool] $returns) {
    $start = New-Object Diagnostics.ProcessStartInfo -Property @{
        FileName = [Diagnostics.Process]::GetCurrentProcess().MainModule.FileName
        UseShellExecute = $false; RedirectStandardOutput = $returns
    }
    $words = '-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-File', "$PSScriptRoot\entrypoint.ps1", $option
    $start.Arguments = @($words | ForEach-Object { Quote $_ }) -join ' '
    $child = [Diagnostics.Process]::Start($start)
    while ($returns -and $null -ne ($line = $child.StandardOutput.ReadLine())) {
        if ($line.StartsWith($prepared)) { $script:allowed = $line } else { [Console]::Out.WriteLine($line) }
    }
    $child.WaitForExit()
    $child
}

function Report([string] $text) {
    $name = if ($env:RUNNER_NAME) { $env:RUNNER_NAME } else { 'runner' }
    [Console]::Error.WriteLine("entrypoint: ${name}: $text")
}

# Exits if a program is missing: a later failure would look like a different fault.
function Require-Programs {
    $missing = @($args | Where-Object { -not (Get-Command $_ -ErrorAction SilentlyContinue) })
    if ($missing.Count -eq 0) { return }
    Report "programs are missing: $($missing -join ',')"
    exit 72
}

function Check-Hours {
    if (-not $env:RUNNER_MAX_JOB_HOURS -or $env:RUNNER_MAX_JOB_HOURS -cmatch '^[1-9][0-9]{0,3}\z') { return }
    Report "RUNNER_MAX_JOB_HOURS is not a number of hours: $env:RUNNER_MAX_JOB_HOURS"
    exit 64
}

function Require {
    $missing = @($args | Where-Object { -not [Environment]::GetEnvironmentVariable($_) })
    if (-not (Test-Path "$env:RUNNER_HOME\$startFile")) { $missing += "the $kind ($env:RUNNER_HOME\$startFile)" }
    if ($missing.Count -eq 0) { return }
    Report "missing: $($missing -join ',')"
    exit 64
}

# Writes the files of the configuration, which maps their names to base64, as the runner does with a configuration
# that it gets as an argument (https://github.com/actions/runner, Runner.cs): hidden, with the key protected by
# Windows. Arguments can be read while the runner runs.
function Unpack {
    $files = Configuration-Files
    # If one of the three is missing, the runner would restart forever.
    if (-not ($files[$settingsFile] -and $files['.credentials'] -and $files['.credentials_rsaparams'])) {
        Handle-Unknown-Format
        return
    }
    Add-Type -AssemblyName System.Security
    foreach ($name in $files.Keys) {
        $content = [Convert]::FromBase64String($files[$name])
        if ($name -eq '.credentials_rsaparams') {
            $content = [Security.Cryptography.ProtectedData]::Protect($content, $null, 'LocalMachine')
        }
        [IO.File]::WriteAllBytes("$env:RUNNER_HOME\$name", $content)
        [IO.File]::SetAttributes("$env:RUNNER_HOME\$name", 'Hidden')
    }
    $script:configuration = ''
}

# Returns no files unless every entry has the known format.
function Configuration-Files {
    $files = @{}
    try {
        $json = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($script:configuration))
        foreach ($entry in ($json | ConvertFrom-Json).PSObject.Properties) {
            if ($entry.Name -cnotmatch '^\.[a-z_]+$' -or $entry.Value -isnot [string]) { return @{} }
            if ($entry.Value -cnotmatch '^[A-Za-z0-9+/]+=*$') { return @{} }
            $files[$entry.Name] = $entry.Value
        }
    } catch {
        return @{}
    }
    return $files
}

# PowerShell passes $null to a method as an empty string, which PowerShell 7 would keep as the variable's value.
function Enter-Clean-Environment {
    foreach ($name in @([Environment]::GetEnvironmentVariables().Keys)) {
        if (-not (Is-Kept $name)) { [Environment]::SetEnvironmentVariable($name, [NullString]::Value) }
    }
    if ($script:allowed) { $env:RUNNER_ALLOWED_REPOSITORIES = $script:allowed }
    # Empty unless its format is unknown; then the runner gets it as an argument, too.
    $env:RUNNER_CONFIGURATION = $script:configuration
}

# RUNNER_KEEP_ENVIRONMENT lists the other variables that the image keeps, as names or patterns.
function Is-Kept([string] $name) {
    switch -Wildcard ($name) {
        'RUNNER_CLAIM_*' { return $false }
        'ActionsRunner_*' { return $false }
        'ACTIONS_RUNNER_INPUT_*' { return $false }
        'AZ_BATCH_AUTHENTICATION_TOKEN*' { return $false }
        'PATH' { return $true }
        'HOME' { return $true }
        'TMPDIR' { return $true }
        'LANG' { return $true }
        'LC_*' { return $true }
        'TZ' { return $true }
        'SSL_CERT_FILE' { return $true }
        'AZ_BATCH_*' { return $true }
        'RUNNER_*' { return $true }
        'http_proxy' { return $true }
        'https_proxy' { return $true }
        'no_proxy' { return $true }
    }
    foreach ($pattern in "$windowsOwn $env:RUNNER_KEEP_ENVIRONMENT".Trim() -split '\s+') {
        # An invalid pattern matches only itself.
        $kept = try { $name -like $pattern } catch { $name -eq $pattern }
        if ($kept) { return $true }
    }
    return $false
}

# Variables without which Windows and its programs do not work.
$windowsOwn = 'ALLUSERSPROFILE APPDATA COMPUTERNAME ComSpec CommonProgram* DriverData HOMEDRIVE HOMEPATH LOCALAPPDATA ' +
    'NUMBER_OF_PROCESSORS OS PATHEXT PROCESSOR_* PSModulePath ProgramData ProgramFiles* ProgramW6432 PUBLIC ' +
    'SystemDrive SystemRoot TEMP TMP USERDOMAIN USERNAME USERPROFILE windir'

Main
