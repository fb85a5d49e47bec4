//! The versions of Node.js that components run on, and for how long.

use std::fmt;

use nodejs_semver::Range;

use super::measures::Refusal;

/// When the dates below were last looked up.
pub const AS_OF: &str = "2026-11-20";

/// The major versions that are known, with the day from which function services no longer support them. The dates are those of
/// AWS Lambda's table of runtimes; Node.js itself ends a version about as early.
const VERSIONS: [(u32, &str); 5] =
    [(16, "2024-06-12"), (18, "2025-09-01"), (20, "2026-04-30"), (22, "2027-04-30"), (24, "2028-04-30")];

/// The first version that is supported today.
const OLDEST_SUPPORTED: u32 = 22;

/// What a component runs on: a major version of Node.js.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Runtime(u32);

impl Runtime {
    /// What a component runs on that asks for nothing: the newest. A choice of this project.
    pub const DEFAULT: Runtime = Runtime(24);

    /// The runtime of this name: `nodejs24`, or as others write it: `nodejs24.x`, `node24`, `NODEJS_24`.
    ///
    /// # Errors
    /// When there is no such runtime, or none that this version knows.
    pub fn named(name: &str) -> Result<Self, Refusal> {
        let plain = name.to_ascii_lowercase().replace('_', "");
        let version = plain.strip_prefix("nodejs").or_else(|| plain.strip_prefix("node"));
        let major = version.map(|version| version.strip_suffix(".x").unwrap_or(version)).and_then(|it| it.parse().ok());
        match major {
            Some(major) if VERSIONS.iter().any(|(known, _)| *known == major) => Ok(Self(major)),
            Some(major) => Err(Refusal::new(
                format!(
                    "`{name}` is not known to this version; it knows Node.js 16 to 24 (as of {AS_OF}), not {major}"
                ),
                "write `nodejs24` or `nodejs22`",
            )),
            None => Err(Refusal::new(
                format!("`{name}` is no runtime: components are Node.js projects"),
                "write `nodejs24` or `nodejs22`",
            )),
        }
    }

    /// The major version.
    pub fn major(self) -> u32 {
        self.0
    }

    /// The day from which it is no longer supported, when that has passed.
    pub fn deprecated_since(self) -> Option<&'static str> {
        let known = VERSIONS.iter().find(|(major, _)| *major == self.0 && *major < OLDEST_SUPPORTED);
        known.map(|(_, since)| *since)
    }

    /// Whether some version of this runtime satisfies a range of package.json's `engines.node`; `None` when the range cannot be read.
    pub fn satisfies(self, range: &str) -> Option<bool> {
        let wanted = Range::parse(range).ok()?;
        let offered = Range::parse(format!("{}.x", self.0)).ok()?;
        Some(wanted.allows_any(&offered))
    }
}

/// The neutral spelling: `nodejs24`.
impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nodejs{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_spelling_is_understood() {
        for name in ["nodejs24", "nodejs24.x", "node24", "NODEJS_24"] {
            assert_eq!(Runtime::named(name), Ok(Runtime(24)), "{name}");
        }
        assert_eq!(Runtime::named("nodejs22").unwrap().to_string(), "nodejs22");
        for name in ["python3.12", "nodejs", "nodejs24.1", "nodejs99"] {
            assert!(Runtime::named(name).is_err(), "{name}");
        }
    }

    #[test]
    fn ranges_of_npm_are_understood() {
        let runtime = Runtime(22);
        for range in [">=18", "^22.1.0", "18 || 20 || 22", "22.x", ">=20 <23", "*", ">= 22.12", "~22", "lts || 22"] {
            assert_ne!(runtime.satisfies(range), Some(false), "{range}");
        }
        for range in ["^20", "<22", ">=24", "18.x || 20.x"] {
            assert_eq!(runtime.satisfies(range), Some(false), "{range}");
        }
    }

    #[test]
    fn what_is_out_of_support_says_since_when() {
        assert_eq!(Runtime(20).deprecated_since(), Some("2026-04-30"));
        assert_eq!(Runtime(22).deprecated_since(), None);
    }
}
