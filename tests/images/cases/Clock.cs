// Replaces DateTimeOffset in a script: the current time is in a file of the test. C# 5.
using System;
using System.Globalization;

public struct Clock
{
    public static string File;
    private DateTimeOffset at;

    public static long Now { get { return long.Parse(System.IO.File.ReadAllText(File)); } }

    public static Clock MinValue { get { return new Clock(); } }

    public static Clock UtcNow
    {
        get
        {
            Clock present = new Clock();
            present.at = DateTimeOffset.FromUnixTimeSeconds(Now);
            return present;
        }
    }

    public static bool TryParse(string text, IFormatProvider culture, DateTimeStyles styles, out Clock found)
    {
        found = new Clock();
        return DateTimeOffset.TryParse(text, culture, styles, out found.at);
    }

    public static void Pass(long seconds) { System.IO.File.WriteAllText(File, (Now + seconds).ToString()); }

    public long ToUnixTimeSeconds() { return at.ToUnixTimeSeconds(); }
}
