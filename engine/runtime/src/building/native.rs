//! Native modules: binaries in a bundle, and the machines that they are for.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use siac_core::model::recipe::Architecture;

use crate::project::tree::{Entry, What};

/// How much of a binary is looked at, in bytes: enough for the header of a universal one with a dozen parts.
const HEADER: u64 = 256;

/// The kinds of machines that a binary is for, as `os-cpu`; none when it is no binary that is known here.
///
/// The numbers are those of the ELF specification (`e_machine`), of Apple's `mach/machine.h` and `mach-o/fat.h`, and of the PE format.
fn machines(header: &[u8]) -> Vec<String> {
    match header {
        [0x7f, b'E', b'L', b'F', _, order, ..] => elf(header, *order).into_iter().collect(),
        [0xcf, 0xfa, 0xed, 0xfe, ..] => word(header, 4, false).map(darwin).into_iter().collect(),
        [0xca, 0xfe, 0xba, 0xbe, ..] => universal(header),
        [b'M', b'Z', ..] => vec!["win32".to_owned()],
        _ => Vec::new(),
    }
}

fn elf(header: &[u8], order: u8) -> Option<String> {
    let machine: [u8; 2] = header.get(18..20)?.try_into().ok()?;
    let machine = if order == 2 { u16::from_be_bytes(machine) } else { u16::from_le_bytes(machine) };
    let cpu = match machine {
        62 => "x64".to_owned(),
        183 => "arm64".to_owned(),
        3 => "ia32".to_owned(),
        40 => "arm".to_owned(),
        243 => "riscv64".to_owned(),
        other => format!("machine {other}"),
    };
    Some(format!("linux-{cpu}"))
}

fn word(header: &[u8], at: usize, is_big: bool) -> Option<u32> {
    let bytes: [u8; 4] = header.get(at..at + 4)?.try_into().ok()?;
    Some(if is_big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
}

fn darwin(cpu: u32) -> String {
    match cpu {
        0x0100_0007 => "darwin-x64".to_owned(),
        0x0100_000c => "darwin-arm64".to_owned(),
        other => format!("darwin-machine {other}"),
    }
}

/// The parts of a universal binary. A Java class begins alike, and is no part of a native module.
fn universal(header: &[u8]) -> Vec<String> {
    let parts = word(header, 4, true).unwrap_or(0).min(12) as usize;
    (0..parts).filter_map(|part| word(header, 8 + part * 20, true)).map(darwin).collect()
}

/// The packages of which no binary is for the machines that are wanted: a path in each, and what its binaries are for.
///
/// Packages that bring binaries for many machines choose among them when they are loaded, so that one that fits is enough. Packages of
/// one scope count as one: there, each kind of machines has a package of its own.
pub(super) fn misfits(entries: &[Entry], wanted: &Architecture) -> io::Result<Vec<(String, String)>> {
    let wanted = format!("{}-{}", wanted.os.as_deref().unwrap_or_default(), wanted.cpu);
    let mut packages: BTreeMap<&str, Vec<(&str, String)>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.path.ends_with(".node")) {
        let What::File { real, .. } = &entry.what else { continue };
        let machines = machines(&header(real)?);
        packages
            .entry(package(&entry.path))
            .or_default()
            .extend(machines.into_iter().map(|it| (entry.path.as_str(), it)));
    }
    let misfits = packages.into_values().filter(|binaries| !binaries.iter().any(|(_, machine)| *machine == wanted));
    let told = misfits.filter_map(|mut binaries| {
        let path = binaries.first()?.0.to_owned();
        let mut machines: Vec<String> = binaries.drain(..).map(|(_, machine)| machine).collect();
        machines.sort();
        machines.dedup();
        Some((path, machines.join(", ")))
    });
    Ok(told.collect())
}

fn header(path: &Path) -> io::Result<Vec<u8>> {
    let mut header = Vec::new();
    File::open(path)?.take(HEADER).read_to_end(&mut header)?;
    Ok(header)
}

/// The folder of the installed package that a file belongs to, or of its scope; the file itself when it is not installed.
fn package(path: &str) -> &str {
    const MODULES: &str = "node_modules/";
    let installed =
        path.rfind(&format!("/{MODULES}")).map(|at| at + 1).or_else(|| path.starts_with(MODULES).then_some(0));
    let Some(start) = installed.map(|at| at + MODULES.len()) else { return path };
    match path[start..].find('/') {
        Some(end) => &path[..start + end],
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The beginning of a binary of Linux.
    fn linux(machine: u16) -> Vec<u8> {
        let mut header = vec![0x7f, b'E', b'L', b'F', 2, 1, 1];
        header.resize(18, 0);
        header.extend(machine.to_le_bytes());
        header
    }

    /// The beginning of a universal binary of macOS.
    fn fat(cpus: &[u32]) -> Vec<u8> {
        let mut header = vec![0xca, 0xfe, 0xba, 0xbe];
        header.extend((cpus.len() as u32).to_be_bytes());
        for cpu in cpus {
            header.extend(cpu.to_be_bytes());
            header.resize(header.len() + 16, 0);
        }
        header
    }

    fn thin(cpu: u32) -> Vec<u8> {
        [vec![0xcf, 0xfa, 0xed, 0xfe], cpu.to_le_bytes().to_vec()].concat()
    }

    #[test]
    fn headers_tell_the_machine() {
        assert_eq!(machines(&linux(62)), ["linux-x64"]);
        assert_eq!(machines(&linux(183)), ["linux-arm64"]);
        assert_eq!(machines(&linux(21)), ["linux-machine 21"]);
        assert_eq!(machines(&thin(0x0100_000c)), ["darwin-arm64"]);
        assert_eq!(machines(&fat(&[0x0100_0007, 0x0100_000c])), ["darwin-x64", "darwin-arm64"]);
        assert_eq!(machines(b"MZ"), ["win32"]);
        for broken in [&b""[..], b"\x7fELF", b"#!/bin/sh", b"\xca\xfe\xba\xbe\xff\xff\xff\xff"] {
            assert!(machines(broken).is_empty(), "{broken:?}");
        }
    }

    #[test]
    fn this_very_program_is_for_this_machine() {
        let here = super::super::host::here();
        let machines = machines(&header(&std::env::current_exe().unwrap()).unwrap());
        assert_eq!(machines, [format!("{}-{}", here.os.unwrap(), here.cpu)]);
    }

    fn bundle(files: &[(&str, Vec<u8>)]) -> (tempfile::TempDir, Vec<Entry>) {
        let folder = tempfile::tempdir().unwrap();
        let entry = |(at, (path, bytes)): (usize, &(&str, Vec<u8>))| {
            let real = folder.path().join(at.to_string());
            std::fs::write(&real, bytes).unwrap();
            Entry { path: (*path).to_owned(), what: What::File { real, is_executable: false } }
        };
        let entries = files.iter().enumerate().map(entry).collect();
        (folder, entries)
    }

    fn found(files: &[(&str, Vec<u8>)], wanted: &str) -> Vec<String> {
        let (_folder, entries) = bundle(files);
        let misfits = misfits(&entries, &wanted.parse().unwrap()).unwrap();
        misfits.into_iter().map(|(path, machines)| format!("{path}: {machines}")).collect()
    }

    #[test]
    fn a_binary_for_other_machines_is_found() {
        let files = [("node_modules/bcrypt/lib/bcrypt.node", linux(62)), ("build/Release/own.node", linux(183))];
        assert_eq!(found(&files, "linux-arm64"), ["node_modules/bcrypt/lib/bcrypt.node: linux-x64"]);
        assert_eq!(found(&files, "linux-x64-musl"), ["build/Release/own.node: linux-arm64"]);
        assert_eq!(found(&files, "darwin-x64").len(), 2);
    }

    #[test]
    fn one_of_many_that_fits_is_enough() {
        let files = [
            ("node_modules/a/prebuilds/darwin-x64+arm64/a.node", fat(&[0x0100_0007, 0x0100_000c])),
            ("node_modules/a/prebuilds/linux-x64/a.node", linux(62)),
            ("node_modules/a/prebuilds/win32-x64/a.node", b"MZ".to_vec()),
            ("node_modules/@img/sharp-linux-x64/lib/sharp.node", linux(62)),
            ("node_modules/@img/sharp-darwin-arm64/lib/sharp.node", thin(0x0100_000c)),
            ("node_modules/x/not-a-binary.node", b"text".to_vec()),
        ];
        assert_eq!(found(&files, "linux-x64"), Vec::<String>::new());
        assert_eq!(found(&files, "darwin-arm64"), Vec::<String>::new());
        assert_eq!(found(&files, "linux-arm64").len(), 2);
    }

    #[test]
    fn a_package_is_where_it_is_installed() {
        assert_eq!(package("node_modules/a/node_modules/b/c/d.node"), "node_modules/a/node_modules/b");
        assert_eq!(package("packages/x/node_modules/@s/b/d.node"), "packages/x/node_modules/@s");
        assert_eq!(package("build/a.node"), "build/a.node");
        assert_eq!(package("my_node_modules/a.node"), "my_node_modules/a.node");
    }
}
