//! Tells whether a program runs where a Function App does: on Linux x64 with a C library of 2020.

use std::fmt;

use anyhow::{Context, ensure};
use object::elf::{EM_X86_64, FileHeader64, PT_INTERP};
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, elf};

/// The oldest version of glibc that an image of the Functions host has had since 2020: Debian 11's.
const OLDEST: Version = Version(2, 31);

/// What a program needs of the machine that it starts on.
#[derive(Debug, PartialEq)]
pub(super) enum Needs {
    /// No library at all.
    Nothing,
    /// The C library, of this version or a newer one.
    Glibc(Version),
}

/// A version of glibc.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Version(u32, u32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("static"),
            Self::Glibc(version) => write!(f, "needs glibc {version}"),
        }
    }
}

/// Checks that a program starts there, and tells what it needs.
pub(super) fn check(code: &[u8]) -> anyhow::Result<Needs> {
    let header =
        FileHeader64::<Endianness>::parse(code).context("read it as a program of Linux")?;
    let endian = header.endian().context("read it as a program of Linux")?;
    let is_program = [elf::ET_EXEC, elf::ET_DYN].contains(&header.e_type(endian));
    let machine = header.e_machine(endian);
    ensure!(is_program && machine == EM_X86_64, "it is no program for x86-64 (machine {machine})");
    let segments = header.program_headers(endian, code).context("read its segments")?;
    // What has no interpreter is loaded by the kernel alone.
    if !segments.iter().any(|segment| segment.p_type(endian) == PT_INTERP) {
        return Ok(Needs::Nothing);
    }
    let newest = newest_glibc(header, endian, code).context("read the versions that it needs")?;
    ensure!(
        newest <= OLDEST,
        "it needs glibc {newest}, and the Functions host may have {OLDEST}: leave --handler out, which builds it"
    );
    Ok(Needs::Glibc(newest))
}

/// Finds the newest version of glibc that any symbol asks for.
fn newest_glibc(
    header: &FileHeader64<Endianness>,
    endian: Endianness,
    code: &[u8],
) -> object::Result<Version> {
    let mut newest = Version(2, 0);
    let sections = header.sections(endian, code)?;
    let Some((mut libraries, strings)) = sections.gnu_verneed(endian, code)? else {
        return Ok(newest);
    };
    let strings = sections.strings(endian, code, strings)?;
    while let Some((_, mut versions)) = libraries.next()? {
        while let Some(version) = versions.next()? {
            let name = version.name(endian, strings)?;
            newest = newest.max(read_version(name).unwrap_or(newest));
        }
    }
    Ok(newest)
}

/// Reads `GLIBC_2.34`, or `GLIBC_2.2.5`.
fn read_version(name: &[u8]) -> Option<Version> {
    let numbers = std::str::from_utf8(name).ok()?.strip_prefix("GLIBC_")?;
    let mut numbers = numbers.split('.').map(str::parse);
    Some(Version(numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_program_is_refused() {
        let refusal = |code: &[u8]| format!("{:#}", check(code).expect_err("a refusal"));
        assert!(refusal(b"#!/bin/sh\n").starts_with("read it as a program of Linux"));
        let mut arm = std::fs::read(std::env::current_exe().expect("a program")).expect("a file");
        arm[18] = 183;
        assert_eq!(refusal(&arm), "it is no program for x86-64 (machine 183)");
    }

    #[test]
    fn versions_are_compared_by_number() {
        let version = |name: &str| read_version(name.as_bytes());
        assert!(version("GLIBC_2.2.5") < version("GLIBC_2.14"));
        assert_eq!(version("GLIBC_2.34"), Some(Version(2, 34)));
        assert_eq!(version("GCC_3.0"), None);
    }
}
