# Turns one Batch task into one ephemeral GitHub runner, on Windows. It equals images/ubuntu/entrypoint.sh.
#
# With RUNNER_CLAIM_URL it claims a one-shot JIT configuration with the ticket of the task, and writes the
# files that it carries; without, it registers with the token that the task carries (ActionsRunner_TOKEN).
# Then it removes from its own environment what is not kept, which on Windows changes what other processes
# can read of it, and starts the runner with that environment. No signal reaches a script of PowerShell: who
# stops the container ends all its processes together.
#
# Exit codes:
#    0  the runner served a job, or there was no demand for it
#    1  config.sh refused for a reason without a code of its own, or an unforeseen error
#    7  GitHub refuses this version of the runner: at registration, at the session, or at a message
#   64  the task or the image is incomplete or contradictory; one message names everything
#   68  the runner opened no session with GitHub within ten minutes
#   70  the runner's listener died while a job ran: crash, KILL, or out of memory
#   72  a program that the script needs is missing
#   75  nothing could be claimed: refused for good, or ten minutes of retries have passed
#   76  the runner registered, but ended without a job
#   77  the runner refused its job: repository not allowed, or the hook could not judge
#   78  the registration token has expired
#  124  the job ran longer than RUNNER_MAX_JOB_HOURS
#    *  the runner's own code otherwise
# (images/exit_codes.py writes this list from exit-codes.json.)
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$neededValidity = 30
if (-not $env:RUNNER_HOME) { $env:RUNNER_HOME = 'C:\runner' }

$configuration = ''; $scratch = ''
$status = ''; $retryAfter = ''; $body = ''

. "$PSScriptRoot\claim.ps1"

function Main {
    Obtain-Credential
    Start-Anew
    Serve
}

function Tell([string] $text) {
    $name = if ($env:RUNNER_NAME) { $env:RUNNER_NAME } else { 'runner' }
    [Console]::Error.WriteLine("entrypoint: ${name}: $text")
}

function Obtain-Credential {
    if (-not $env:RUNNER_CLAIM_URL -and $env:ActionsRunner_TOKEN) {
        Require RUNNER_NAME RUNNER_TOKEN_EXPIRES_AT ActionsRunner_URL ActionsRunner_LABELS
        Refuse-Stale-Token
        Register
    } else {
        Require RUNNER_NAME RUNNER_CLAIM_URL RUNNER_CLAIM_TICKET
        Claim
        Unpack
    }
}

function Require {
    $missing = @($args | Where-Object { -not [Environment]::GetEnvironmentVariable($_) })
    if (-not (Test-Path "$env:RUNNER_HOME\run.cmd")) { $missing += "the runner ($env:RUNNER_HOME\run.cmd)" }
    if ($missing.Count -eq 0) { return }
    Tell "missing: $($missing -join ',')"
    exit 64
}

function Refuse-Stale-Token {
    $expires = [DateTimeOffset]::MinValue
    $culture = [Globalization.CultureInfo]::InvariantCulture
    $text = $env:RUNNER_TOKEN_EXPIRES_AT
    if (-not [DateTimeOffset]::TryParse($text, $culture, 'AssumeUniversal', [ref] $expires)) {
        Tell "RUNNER_TOKEN_EXPIRES_AT is not a time: $env:RUNNER_TOKEN_EXPIRES_AT"
        exit 64
    }
    if ($expires.ToUnixTimeSeconds() - (Seconds-Now) -gt $neededValidity) { return }
    Tell "the registration token is stale (good until $env:RUNNER_TOKEN_EXPIRES_AT)"
    exit 78
}

# The runner takes each input from ACTIONS_RUNNER_INPUT_<NAME> as well as from its arguments, which
# keeps the token out of them. Without --no-default-labels it would add self-hosted, Windows and X64 to
# the labels of the profile, and take jobs that belong to another one. config.cmd is passed over: cmd
# reads labels as if they were commands.
function Register {
    $wanted = if ($env:RUNNER_GROUP) { $env:RUNNER_GROUP } else { 'default' }
    $group = @(if ($wanted -ne 'default') { '--runnergroup', $wanted })
    $env:ACTIONS_RUNNER_INPUT_TOKEN = $env:ActionsRunner_TOKEN
    $code = Attend "$env:RUNNER_HOME\bin\Runner.Listener.exe" (
        @('configure', '--url', $env:ActionsRunner_URL, '--name', $env:RUNNER_NAME) +
        @('--labels', $env:ActionsRunner_LABELS, '--no-default-labels') + $group + @('--work', '_work') +
        @('--ephemeral', '--unattended', '--disableupdate', '--replace'))
    if ($code -ne 0) { exit $code }
}

# Writes the files that the configuration carries, in base64 by their names, as the runner does with one
# that it gets as an argument (https://github.com/actions/runner, Runner.cs): hidden, and the key protected
# by Windows. Arguments can be read for as long as the runner runs.
function Unpack {
    $files = Files-Carried
    if (-not $files['.runner']) {
        Tell 'the configuration has an unknown form, and becomes an argument of the runner'
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

# Returns no file at all unless each entry has the form that is known.
function Files-Carried {
    $files = @{}
    try {
        $json = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($script:configuration))
        foreach ($entry in ($json | ConvertFrom-Json).PSObject.Properties) {
            if ($entry.Name -cnotmatch '^\.[a-z_]+$' -or "$($entry.Value)" -cnotmatch '^[A-Za-z0-9+/]+=*$') { return @{} }
            $files[$entry.Name] = $entry.Value
        }
    } catch {
        return @{}
    }
    return $files
}

function Start-Anew {
    foreach ($name in @([Environment]::GetEnvironmentVariables().Keys)) {
        if (-not (Is-Kept $name)) { [Environment]::SetEnvironmentVariable($name, $null) }
    }
    $script:nonce = ''
}

# RUNNER_KEEP_ENVIRONMENT lists what else the image wants kept, as names or patterns.
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
    foreach ($pattern in "$windowsOwn $env:RUNNER_KEEP_ENVIRONMENT" -split '\s+') {
        if ($pattern -and $name -like $pattern) { return $true }
    }
    return $false
}

# What Windows and its programs do not work without.
$windowsOwn = 'ALLUSERSPROFILE APPDATA COMPUTERNAME ComSpec CommonProgram* DriverData HOMEDRIVE HOMEPATH LOCALAPPDATA ' +
    'NUMBER_OF_PROCESSORS OS PATHEXT PROCESSOR_* PSModulePath ProgramData ProgramFiles* ProgramW6432 PUBLIC ' +
    'SystemDrive SystemRoot TEMP TMP USERDOMAIN USERNAME USERPROFILE windir'

function Serve {
    $script:scratch = Join-Path ([IO.Path]::GetTempPath()) ([guid]::NewGuid())
    New-Item -ItemType Directory $script:scratch | Out-Null
    try {
        Prepare-Runner
        $arguments = @('/d', '/c', "$env:RUNNER_HOME\run.cmd")
        $code = Attend $env:ComSpec (
            $arguments + @(if ($script:configuration) { '--jitconfig', $script:configuration }))
        if ($code -eq 0 -and -not (Test-Path $env:RUNNER_JOB_MARKER)) {
            Tell 'the runner ended without a job'
            $code = 76
        }
    } finally {
        Remove-Item -Recurse -Force -ErrorAction SilentlyContinue $script:scratch
    }
    exit $code
}

# run.cmd turns most endings of the runner into 0. The hook therefore leaves a marker when a job comes,
# and one variable makes run.cmd return 7 for a version that GitHub refuses.
function Prepare-Runner {
    $env:RUNNER_JOB_MARKER = "$script:scratch\job-started"
    $env:ACTIONS_RUNNER_HOOK_JOB_STARTED = "$PSScriptRoot\job-started.ps1"
    $env:ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE = '1'
}

# Runs one of the runner's programs in its folder, with nothing on standard input, and returns its code.
function Attend([string] $program, [string[]] $arguments) {
    $start = New-Object Diagnostics.ProcessStartInfo -Property @{
        FileName = $program; WorkingDirectory = $env:RUNNER_HOME
        UseShellExecute = $false; RedirectStandardInput = $true
    }
    $start.Arguments = @($arguments | ForEach-Object { Quote "$_" }) -join ' '
    $child = [Diagnostics.Process]::Start($start)
    $child.StandardInput.Close()
    $child.WaitForExit()
    $child.ExitCode
}

# Writes a word so that a program of Windows reads it back as it was: backslashes count only before a quote.
function Quote([string] $word) {
    if ($word -and $word -notmatch '[\s"]') { return $word }
    return '"' + (($word -replace '(\\*)"', '$1$1\"') -replace '(\\+)$', '$1$1') + '"'
}

Main
