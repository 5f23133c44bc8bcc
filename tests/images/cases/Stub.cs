// Stands in for a program: hands its arguments to stand_in.py, or is the worker of GitHub's runner.
//
// Beside NAME.exe lies NAME.stand-in with four lines: Python, the folder of stand_in.py, the world of the case, and
// which program this is. C# 5, which is what Windows PowerShell 5.1 compiles.
using System;
using System.Diagnostics;
using System.IO;

static class Stub
{
    static int Main(string[] arguments)
    {
        string[] said = File.ReadAllLines(Path.ChangeExtension(typeof(Stub).Assembly.Location, ".stand-in"));
        string tests = said[1], world = said[2], program = said[3];
        if (program == "worker") { return Work(tests, Path.Combine(world, "seen")); }
        // By a file, since a second command line would need its own quotes.
        string file = Path.Combine(world, Guid.NewGuid() + ".arguments");
        File.WriteAllText(file, String.Concat(Array.ConvertAll(arguments, word => word + "\0")));
        return Run(said[0], Quoted(Path.Combine(tests, "stand_in.py"), world, program, "--from", file));
    }

    // Calls the hook as the runner does, and runs a step even if that fails, as one with `if: always()` does. A hook
    // that ends this process prevents the step.
    static int Work(string tests, string seen)
    {
        string hook = Environment.GetEnvironmentVariable("ACTIONS_RUNNER_HOOK_JOB_STARTED");
        string guard = ". '" + Path.Combine(tests, "guard.ps1") + "' " + Process.GetCurrentProcess().Id + "; ";
        string powershell = Path.Combine(Environment.SystemDirectory, @"WindowsPowerShell\v1.0\powershell.exe");
        int code = Run(powershell, "-NoProfile -NonInteractive -Command \"" + guard + ". '" + hook + "'\"");
        File.WriteAllText(Path.Combine(seen, "hook"), code + "\n");
        File.WriteAllText(Path.Combine(seen, "step"), "");
        return 0;
    }

    static string Quoted(params string[] words)
    {
        return String.Join(" ", Array.ConvertAll(words, word => "\"" + word + "\""));
    }

    static int Run(string program, string arguments)
    {
        ProcessStartInfo start = new ProcessStartInfo(program, arguments);
        start.UseShellExecute = false;
        using (Process child = Process.Start(start))
        {
            child.WaitForExit();
            return child.ExitCode;
        }
    }
}
