# Registers a runner with the registration token of the task. Sourced by serve.ps1; the twin of register.sh.

$minTokenValidity = 30

function Obtain-Credential {
    if (-not $env:RUNNER_CLAIM_URL -and $env:ActionsRunner_TOKEN) {
        Require RUNNER_NAME RUNNER_TOKEN_EXPIRES_AT ActionsRunner_URL ActionsRunner_LABELS
        Check-Labels
        Check-Token-Expiry
        Register
        Check-Registration
    } else {
        Require RUNNER_NAME RUNNER_CLAIM_URL RUNNER_CLAIM_TICKET
        Claim
        Unpack
    }
}

# The runner drops empty labels and trims the list; GitHub rejects control characters.
function Check-Labels {
    if ($env:ActionsRunner_LABELS -notmatch '(^|,)(,|\z)|(^|,)\s|\s(,|\z)|\p{Cc}') { return }
    Report 'ActionsRunner_LABELS has a label that is empty, begins or ends with a space, or has control characters'
    exit 64
}

function Check-Token-Expiry {
    $expires = [DateTimeOffset]::MinValue
    $culture = [Globalization.CultureInfo]::InvariantCulture
    $text = $env:RUNNER_TOKEN_EXPIRES_AT
    if (-not [DateTimeOffset]::TryParse($text, $culture, 'AssumeUniversal', [ref] $expires)) {
        Report "RUNNER_TOKEN_EXPIRES_AT is not a time: $env:RUNNER_TOKEN_EXPIRES_AT"
        exit 64
    }
    if ($expires.ToUnixTimeSeconds() - (Seconds-Now) -gt $minTokenValidity) { return }
    Report "the registration token has expired or is about to (valid until $env:RUNNER_TOKEN_EXPIRES_AT)"
    exit 78
}

# The runner reads each input and each flag from ACTIONS_RUNNER_INPUT_<NAME> (CommandSettings.cs of
# actions/runner 2.336.0). Each process may read the arguments of the others, and the runner parses a value that
# begins with two dashes as another option. Without no-default-labels, it would add self-hosted, Windows and X64 to
# the labels of the profile, and would accept jobs of other profiles. config.cmd is bypassed: it only calls this program.
function Register {
    if ((Requested-Group) -ne 'default') { $env:ACTIONS_RUNNER_INPUT_RUNNERGROUP = $env:RUNNER_GROUP }
    $env:ACTIONS_RUNNER_INPUT_TOKEN = $env:ActionsRunner_TOKEN
    $env:ACTIONS_RUNNER_INPUT_URL = $env:ActionsRunner_URL
    $env:ACTIONS_RUNNER_INPUT_NAME = $env:RUNNER_NAME
    $env:ACTIONS_RUNNER_INPUT_LABELS = $env:ActionsRunner_LABELS
    $env:ACTIONS_RUNNER_INPUT_WORK = '_work'
    $env:ACTIONS_RUNNER_INPUT_EPHEMERAL = 'true'
    $env:ACTIONS_RUNNER_INPUT_UNATTENDED = 'true'
    $env:ACTIONS_RUNNER_INPUT_DISABLEUPDATE = 'true'
    $env:ACTIONS_RUNNER_INPUT_REPLACE = 'true'
    [Environment]::SetEnvironmentVariable('ACTIONS_RUNNER_INPUT_NO-DEFAULT-LABELS', 'true')
    $code = Run-Program "$env:RUNNER_HOME\bin\Runner.Listener.exe" @('configure')
    if ($script:tooOld) { exit 7 }
    if ($code -ne 0) { exit $code }
}

function Requested-Group {
    if ($env:RUNNER_GROUP) { $env:RUNNER_GROUP } else { 'default' }
}

# Exits unless the runner is registered under the requested name and in the requested group.
function Check-Registration {
    $name = Registered-Value agentName
    $group = Registered-Value poolName
    if ($name -cne $env:RUNNER_NAME) {
        Report "the runner was registered with another name: $name"
        exit 64
    }
    if ((Requested-Group) -ne 'default' -and $group -ne (Requested-Group)) {
        Report "the runner was registered in another group: $group"
        exit 64
    }
}

# Returns the value of one string of .runner, which begins with a byte order mark.
function Registered-Value([string] $name) {
    if (-not (Test-Path "$env:RUNNER_HOME\.runner")) { return '' }
    $settings = [IO.File]::ReadAllText("$env:RUNNER_HOME\.runner") | ConvertFrom-Json
    $found = $settings.PSObject.Properties[$name]
    if ($found) { "$($found.Value)" } else { '' }
}
