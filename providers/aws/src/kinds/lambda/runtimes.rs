//! Runtimes that are no longer supported.
//!
//! Source: "Lambda runtimes" in the Lambda Developer Guide, as of 20 November 2026.

/// A runtime, and since when it is not supported.
const DEPRECATED: [(&str, &str); 19] = [
    ("nodejs20.x", "30 April 2026"),
    ("nodejs18.x", "1 September 2025"),
    ("nodejs16.x", "12 June 2024"),
    ("nodejs14.x", "4 December 2023"),
    ("nodejs12.x", "31 March 2023"),
    ("nodejs10.x", "30 July 2021"),
    ("nodejs8.10", "6 March 2020"),
    ("nodejs6.10", "12 August 2019"),
    ("nodejs4.3", "5 March 2020"),
    ("nodejs", "30 October 2016"),
    ("python3.9", "15 December 2025"),
    ("python3.8", "14 October 2024"),
    ("python3.7", "4 December 2023"),
    ("python3.6", "18 July 2022"),
    ("python2.7", "15 July 2021"),
    ("go1.x", "8 January 2024"),
    ("java8", "8 January 2024"),
    ("provided", "8 January 2024"),
    ("dotnet6", "20 December 2024"),
];

/// Since when a runtime is not supported; `None` while it is.
pub fn deprecated_since(runtime: &str) -> Option<&'static str> {
    DEPRECATED.iter().find(|(name, _)| *name == runtime).map(|(_, since)| *since)
}

/// What to use instead.
pub fn successor(runtime: &str) -> &'static str {
    match runtime {
        _ if runtime.starts_with("nodejs") => "nodejs24.x",
        _ if runtime.starts_with("python") => "python3.14",
        _ if runtime.starts_with("java") => "java25",
        _ if runtime.starts_with("dotnet") => "dotnet10",
        _ => "provided.al2023",
    }
}
