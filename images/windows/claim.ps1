# Claims the JIT configuration of one runner from ClaimRunner; a part of entrypoint.ps1, and equal to claim.sh.

$patience = 600
$longestPause = 30
$nonce = ''

# Sets $configuration, or ends the script.
function Claim {
    # The nonce marks this process: asked again with it, the function resumes a claim whose answer was
    # lost, while the ticket in other hands gets nothing.
    $random = New-Object byte[] 16
    [Security.Cryptography.RandomNumberGenerator]::Create().GetBytes($random)
    $script:nonce = -join ($random | ForEach-Object { $_.ToString('x2') })
    $began = Seconds-Now
    $try = 0
    while ($true) {
        $try += 1
        Ask
        if (Decide $try) { return }
        $pause = Pause-After $try ($began + $patience - (Seconds-Now))
        if ($pause -le 0) {
            Tell "gave up after $try tries in $($patience / 60) minutes"
            exit 75
        }
        Tell "claim ${try}: $script:status$(Said), again in $pause s"
        Start-Sleep -Seconds $pause
    }
}

function Seconds-Now {
    [DateTimeOffset]::UtcNow.ToUnixTimeSeconds()
}

# Sets $status (of HTTP, or what curl met instead), $retryAfter and $body.
#
# Without --ssl-no-revoke, the curl of Windows refuses a certificate whose revocation it cannot check: behind a
# firewall it reaches no server of such lists. The curl of Ubuntu checks none.
#
# The secrets of the request travel by pipe, since each process may read the arguments of the others.
function Ask {
    $request = '{"v":1,"ticket":"' + $env:RUNNER_CLAIM_TICKET + '","nonce":"' + $script:nonce + '"}'
    $answer = $request | & curl.exe --disable --silent --show-error --include --suppress-connect-headers --globoff `
        --ssl-no-revoke --connect-timeout 10 --max-time 60 --header 'Content-Type: application/json' `
        --data-binary '@-' --url $env:RUNNER_CLAIM_URL
    $failed = $LASTEXITCODE
    Read-Answer @($answer)
    if ($failed -ne 0) { $script:status = "no answer (curl $failed)"; $script:retryAfter = ''; $script:body = '' }
}

function Read-Answer([object[]] $lines) {
    $script:status = ''; $script:retryAfter = ''; $script:body = ''
    for ($at = 0; $at -lt $lines.Count; $at++) {
        $line = "$($lines[$at])"
        if ($line -match '^http/\S+\s+(\S+)') { $script:status = $Matches[1]; $script:retryAfter = '' }
        elseif ($line -match '^retry-after:\s*(.*?)\s*$') { $script:retryAfter = $Matches[1] }
        # An interim answer (100 Continue) has its own header lines; the real one follows.
        elseif ($line -eq '' -and $script:status -notmatch '^1..$') { break }
    }
    $script:body = (@($lines | Select-Object -Skip ($at + 1)) -join "`n").TrimEnd()
}

# Succeeds with the configuration, ends the script where asking again is pointless, fails otherwise.
function Decide([int] $try) {
    switch ($script:status) {
        '200' {
            # A captive proxy answers 200 with a page of its own.
            if ($script:body -notmatch '^[A-Za-z0-9+/_-]+=*$') {
                $script:status += ' without a configuration'
                return $false
            }
            $script:configuration = $script:body
            Tell "claim ${try}: configured"
            return $true
        }
        '410' { Tell "claim ${try}: no demand$(Said)"; exit 0 }
        { $_ -in '401', '403' } { Tell "claim ${try}: refused for good with $script:status$(Said)"; exit 75 }
    }
    return $false
}

# Prints the reason that the answer gives, without secrets: masked first and cut then, so that no part of
# one is left.
function Said {
    if ($script:body -notmatch '"(error|reason)": *"([^"]+)') { return '' }
    $reason = $Matches[2] -replace '[^ -~]', ''
    $reason = $reason.Replace($env:RUNNER_CLAIM_TICKET, '***').Replace($script:nonce, '***')
    ' (' + $reason.Substring(0, [Math]::Min(200, $reason.Length)) + ')'
}

# Prints the seconds to wait after this many tries, at most those that are left.
#
# The random half keeps the runners of one burst from asking in step.
function Pause-After([int] $try, [int] $left) {
    $ceiling = 1 -shl [Math]::Min($try - 1, 5)
    $ceiling = [Math]::Min($ceiling, $longestPause)
    $pause = $ceiling - (Get-Random -Maximum (($ceiling -shr 1) + 1))
    $pause = [Math]::Max($pause, (Seconds-Asked))
    [Math]::Min($pause, $left)
}

# Retry-After is a number of seconds or a date.
function Seconds-Asked {
    $at = [DateTimeOffset]::MinValue
    if ($script:retryAfter -match '^[0-9]{1,5}$') { return [int] $script:retryAfter }
    $culture = [Globalization.CultureInfo]::InvariantCulture
    if ([DateTimeOffset]::TryParse($script:retryAfter, $culture, 'AssumeUniversal', [ref] $at)) {
        return $at.ToUnixTimeSeconds() - (Seconds-Now)
    }
    return 0
}
