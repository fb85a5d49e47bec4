//! The machine that builds, in the words of Node.js.

use std::path::Path;

use siac_core::model::recipe::Architecture;

/// The kind of machines that this one is.
pub fn here() -> Architecture {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let cpu = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    let libc = (os == "linux").then(|| libc().to_owned());
    Architecture { os: Some(os.to_owned()), cpu: cpu.to_owned(), libc }
}

/// Which C library programs of this machine are linked with, by what loads them. How siac itself is linked says nothing about it.
fn libc() -> &'static str {
    let is_there = |loaders: &[&str]| loaders.iter().any(|loader| Path::new(loader).exists());
    let is_glibc = is_there(&["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"]);
    let is_musl = is_there(&["/lib/ld-musl-x86_64.so.1", "/lib/ld-musl-aarch64.so.1"]);
    if is_musl && !is_glibc { "musl" } else { "glibc" }
}

/// The machines that are wanted, with everything that is not said as on `host`.
pub fn resolved(wanted: Option<&Architecture>, host: &Architecture) -> Architecture {
    let Some(wanted) = wanted else { return host.clone() };
    let os = wanted.os.clone().or_else(|| host.os.clone());
    let is_linux = os.as_deref() == Some("linux");
    let usual = || host.libc.clone().or_else(|| Some("glibc".to_owned()));
    let libc = wanted.libc.clone().or_else(usual).filter(|_| is_linux);
    Architecture { os, cpu: wanted.cpu.clone(), libc }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_as_here() {
        let alpine: Architecture = "linux-x64-musl".parse().unwrap();
        let mac: Architecture = "darwin-arm64".parse().unwrap();
        for (wanted, host, expected) in [
            (None, &alpine, "linux-x64-musl"),
            (Some("arm64"), &alpine, "linux-arm64-musl"),
            (Some("linux-arm64"), &mac, "linux-arm64-glibc"),
            (Some("x64"), &mac, "darwin-x64"),
            (Some("linux-x64-glibc"), &alpine, "linux-x64-glibc"),
        ] {
            let wanted: Option<Architecture> = wanted.map(|text| text.parse().unwrap());
            assert_eq!(resolved(wanted.as_ref(), host).to_string(), expected);
        }
    }

    #[test]
    fn this_machine_is_a_whole_architecture() {
        let here = here();
        assert_eq!(here.libc.is_some(), cfg!(target_os = "linux"));
        assert_eq!(resolved(None, &here), here);
    }
}
