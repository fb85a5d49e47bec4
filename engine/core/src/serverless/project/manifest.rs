//! The part of package.json that matters here.

use std::collections::BTreeSet;

use serde_json::Value as Json;

/// What package.json says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    /// `main`.
    pub main: Option<String>,
    /// `engines.node`.
    pub node: Option<String>,
    /// The names under `dependencies`.
    pub dependencies: BTreeSet<String>,
    /// The names under `scripts`.
    pub scripts: BTreeSet<String>,
}

impl Manifest {
    /// Reads package.json; what has another shape than npm's is as if it were not there.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        // npm itself lets a byte order mark pass.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let json: Json = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if !json.is_object() {
            return Err("there is no object at its top".to_owned());
        }
        let names = |field: &str| json[field].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        let text = |value: &Json| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(Self {
            main: text(&json["main"]),
            node: text(&json["engines"]["node"]),
            dependencies: names("dependencies"),
            scripts: names("scripts"),
        })
    }
}
