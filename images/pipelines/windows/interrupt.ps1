# Sends Ctrl-C to the processes of another console, and not to those of its own.
#
#   interrupt.ps1 PROCESS    the id of a process with a console of its own
param([int] $Process)

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'

$console = Add-Type -PassThru -Namespace Mayfly -Name Console -MemberDefinition @'
[DllImport("kernel32.dll")] public static extern bool FreeConsole();
[DllImport("kernel32.dll")] public static extern bool AttachConsole(uint process);
[DllImport("kernel32.dll")] public static extern bool SetConsoleCtrlHandler(IntPtr handler, bool add);
[DllImport("kernel32.dll")] public static extern bool GenerateConsoleCtrlEvent(uint control, uint group);
'@
[void] $console::FreeConsole()
if (-not $console::AttachConsole($Process)) { exit 1 }
# This process must survive the event.
[void] $console::SetConsoleCtrlHandler([IntPtr]::Zero, $true)
if (-not $console::GenerateConsoleCtrlEvent(0, 0)) { exit 1 }
# The event is delivered by another thread of each process.
Start-Sleep -Milliseconds 500
