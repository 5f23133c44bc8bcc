// A fake program: passes its arguments to fake_programs.py, or acts as the worker of GitHub's runner.
//
// A file NAME.fake next to NAME.exe has four lines: Python, the folder of fake_programs.py, the world of the case, and
// the name of the program. C# 5, because that is what Windows PowerShell 5.1 compiles.
using System;
using System.Diagnostics;
using System.IO;

static class Stub
{
    static int Main(string[] arguments)
    {
        string[] lines = File.ReadAllLines(Path.ChangeExtension(typeof(Stub).Assembly.Location, ".fake"));
        string tests = lines[1], world = lines[2], program = lines[3];
        if (program == "worker") { return Work(tests, Path.Combine(world, "seen")); }
        // Passed in a file, because a second command line would need its own quoting.
        string file = Path.Combine(world, Guid.NewGuid() + ".arguments");
        File.WriteAllText(file, String.Concat(Array.ConvertAll(arguments, word => word + "\0")));
        return Run(lines[0], Quoted(Path.Combine(tests, "fake_programs.py"), world, program, "--from", file));
    }

    // Calls the hook like the runner, and runs a step even if the hook fails, like a step with `if: always()`. A hook
    // that kills this process prevents the step.
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
