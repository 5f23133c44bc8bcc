# Runs Microsoft's template toolkit (arm-ttk), whose module is the argument, on the template and its page.
#
# The skipped tests do not apply to the template: secrets are pasted, not typed twice; GitHub's names of
# groups are free text; ids and empty defaults come from variables; launch.ps1 contains the public cloud's URL.
param([string] $Module)

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'

$skipped = 'Credential Confirmation Should Not Be Hidden', 'PasswordBoxes Must Have Min Length',
    'Textboxes Are Well Formed', 'DeploymentTemplate Must Not Contain Hardcoded Uri',
    'IDs Should Be Derived From ResourceIDs', 'Template Should Not Contain Blanks'

Import-Module $Module
$results = @(Test-AzTemplate -TemplatePath "$PSScriptRoot/../../arm" -Skip $skipped)
$failed = @($results | Where-Object { -not $_.Passed })
$failed | Format-List -Property @('Name', 'Errors')
if ($results.Count -eq 0) { throw 'the toolkit ran no test' }
exit $failed.Count
