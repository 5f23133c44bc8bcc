# Claims a runner's JIT configuration from ClaimRunner. Sourced by entrypoint.ps1; the twin of claim.sh.

$claimTimeout = 600
$maxRetryDelay = 30
$nonce = ''

# Sets $configuration and $allowed, or exits.
function Claim {
    # The nonce identifies this process: when the claim is retried with it, the function resumes a claim whose
    # response was lost. Another process that presents the ticket gets nothing.
    $random = New-Object byte[] 16
    [Security.Cryptography.RandomNumberGenerator]::Create().GetBytes($random)
    $script:nonce = -join ($random | ForEach-Object { $_.ToString('x2') })
    $began = Seconds-Now
    $try = 0
    while ($true) {
        $try += 1
        Send-Claim
        if (Handle-Response $try) { return }
        $pause = Retry-Delay $try ($began + $claimTimeout - (Seconds-Now))
        if ($pause -le 0) {
            Report "claim failed: $try tries in $($claimTimeout / 60) minutes"
            exit 75
        }
        Report "claim ${try}: $script:status$(Error-Reason), retrying in $pause s"
        Start-Sleep -Seconds $pause
    }
}

function Seconds-Now {
    [DateTimeOffset]::UtcNow.ToUnixTimeSeconds()
}

# Sets $status (the HTTP status, or a description of the curl failure), $retryAfter, $allowed and $body.
#
# $allowed has the patterns of the repositories whose jobs the runner may run. They override those of the task, which
# may be older; a function of an earlier version sends none.
#
# Without --ssl-no-revoke, the curl of Windows rejects a certificate whose revocation it cannot check: behind a
# firewall it cannot reach a revocation server. The curl of Ubuntu does not check revocation.
#
# The secrets of the request are passed through a pipe, because each process may read the arguments of the others.
function Send-Claim {
    $request = '{"v":1,"ticket":"' + $env:RUNNER_CLAIM_TICKET + '","nonce":"' + $script:nonce + '"}'
    $answer = $request | & curl.exe --disable --silent --show-error --include --suppress-connect-headers --globoff `
        --ssl-no-revoke --connect-timeout 10 --max-time 60 --header 'Content-Type: application/json' `
        --data-binary '@-' --url $env:RUNNER_CLAIM_URL
    $failed = $LASTEXITCODE
    Read-Response @($answer)
    if ($failed -ne 0) { $script:status = "no response (curl $failed)"; $script:retryAfter = ''; $script:body = '' }
}

function Read-Response([object[]] $lines) {
    $script:status = ''; $script:retryAfter = ''; $script:allowed = ''; $script:body = ''
    for ($at = 0; $at -lt $lines.Count; $at++) {
        $line = "$($lines[$at])"
        if ($line -match '^http/\S+\s+(\S+)') { $script:status = $Matches[1]; $script:retryAfter = '' }
        elseif ($line -match '^x-mayfly-allowed-repositories:\s*(\S+)\s*$') { $script:allowed = $Matches[1] }
        elseif ($line -match '^retry-after:\s*(.*?)\s*$') { $script:retryAfter = $Matches[1] }
        # An interim response (100 Continue) has its own header lines; the final response follows.
        elseif ($line -eq '' -and $script:status -notmatch '^1..$') { break }
    }
    $script:body = (@($lines | Select-Object -Skip ($at + 1)) -join "`n").TrimEnd()
}

# Succeeds with the configuration, exits if a retry is pointless, fails otherwise.
function Handle-Response([int] $try) {
    switch ($script:status) {
        '200' {
            # A captive portal answers 200 with its own page.
            if ($script:body -notmatch '^[A-Za-z0-9+/_-]+=*$') {
                $script:status += ' without a configuration'
                return $false
            }
            $script:configuration = $script:body
            Report "claim ${try}: configured"
            return $true
        }
        '410' { Report "claim ${try}: runner not needed$(Error-Reason)"; exit 0 }
        { $_ -in '401', '403' } { Report "claim ${try}: rejected permanently with $script:status$(Error-Reason)"; exit 75 }
    }
    return $false
}

# Returns the response's reason without secrets: they are masked before the text is truncated, so that no part of
# a secret remains.
function Error-Reason {
    if ($script:body -notmatch '"(error|reason)": *"([^"]+)') { return '' }
    $reason = $Matches[2] -replace '[^ -~]', ''
    $reason = $reason.Replace($env:RUNNER_CLAIM_TICKET, '***').Replace($script:nonce, '***')
    ' (' + $reason.Substring(0, [Math]::Min(200, $reason.Length)) + ')'
}

# Returns the seconds to wait after this many tries, at most the seconds that are left.
#
# The random half keeps the runners of one burst from retrying in step.
function Retry-Delay([int] $try, [int] $left) {
    $ceiling = 1 -shl [Math]::Min($try - 1, 5)
    $ceiling = [Math]::Min($ceiling, $maxRetryDelay)
    $pause = $ceiling - (Get-Random -Maximum (($ceiling -shr 1) + 1))
    $pause = [Math]::Max($pause, (Retry-After-Seconds))
    [Math]::Min($pause, $left)
}

# Retry-After is a number of seconds or a date.
function Retry-After-Seconds {
    $at = [DateTimeOffset]::MinValue
    if ($script:retryAfter -match '^[0-9]{1,5}$') { return [int] $script:retryAfter }
    $culture = [Globalization.CultureInfo]::InvariantCulture
    if ([DateTimeOffset]::TryParse($script:retryAfter, $culture, 'AssumeUniversal', [ref] $at)) {
        return $at.ToUnixTimeSeconds() - (Seconds-Now)
    }
    return 0
}
