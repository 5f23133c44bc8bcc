//! The check that a program runs on the Functions host: Linux x64 with a C library of 2020.

use std::fmt;

use anyhow::{Context, ensure};
use object::elf::{EM_X86_64, FileHeader64, PT_INTERP};
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, elf};

/// The oldest glibc of any image of the Functions host since 2020: the version of Debian 11.
const HOST_GLIBC: Version = Version(2, 31);

/// The library that a program requires at run time.
#[derive(Debug, PartialEq)]
pub(super) enum Requirement {
    /// None: the program is statically linked.
    Nothing,
    /// The C library, of at least this version.
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

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("static"),
            Self::Glibc(version) => write!(f, "requires glibc {version}"),
        }
    }
}

/// Checks that a program starts on the Functions host, and returns the library that it requires.
pub(super) fn check(code: &[u8]) -> anyhow::Result<Requirement> {
    let header = FileHeader64::<Endianness>::parse(code).context("read it as a Linux program")?;
    let endian = header.endian().context("read it as a Linux program")?;
    let is_program = [elf::ET_EXEC, elf::ET_DYN].contains(&header.e_type(endian));
    let machine = header.e_machine(endian);
    ensure!(
        is_program && machine == EM_X86_64,
        "it is not a program for x86-64 (machine {machine})"
    );
    let segments = header.program_headers(endian, code).context("read its segments")?;
    // The kernel loads a program without an interpreter, and no dynamic linker runs.
    if !segments.iter().any(|segment| segment.p_type(endian) == PT_INTERP) {
        return Ok(Requirement::Nothing);
    }
    let newest = newest_glibc(header, endian, code).context("read the required versions")?;
    ensure!(
        newest <= HOST_GLIBC,
        "it requires glibc {newest}, and the Functions host may have {HOST_GLIBC}: omit --handler to build it"
    );
    Ok(Requirement::Glibc(newest))
}

/// Returns the newest version of glibc that any symbol requires.
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
            newest = newest.max(parse_version(name).unwrap_or(newest));
        }
    }
    Ok(newest)
}

/// Parses `GLIBC_2.34`, or `GLIBC_2.2.5`.
fn parse_version(name: &[u8]) -> Option<Version> {
    let numbers = std::str::from_utf8(name).ok()?.strip_prefix("GLIBC_")?;
    let mut numbers = numbers.split('.').map(str::parse);
    Some(Version(numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_for_another_platform_is_rejected() {
        let rejection = |code: &[u8]| format!("{:#}", check(code).expect_err("a rejection"));
        assert!(rejection(b"#!/bin/sh\n").starts_with("read it as a Linux program"));
        let mut arm = std::fs::read(std::env::current_exe().expect("a program")).expect("a file");
        arm[18] = 183;
        assert_eq!(rejection(&arm), "it is not a program for x86-64 (machine 183)");
    }

    #[test]
    fn versions_are_compared_numerically() {
        let version = |name: &str| parse_version(name.as_bytes());
        assert!(version("GLIBC_2.2.5") < version("GLIBC_2.14"));
        assert_eq!(version("GLIBC_2.34"), Some(Version(2, 34)));
        assert_eq!(version("GCC_3.0"), None);
    }
}
