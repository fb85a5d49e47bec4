//! What a build sees of the environment: what finds programs, talks to the network and speaks a language; nothing else.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use siac_core::deployment::resolve::Secrets;
use siac_core::model::recipe::{Architecture, Recipe};

/// Variables that a build inherits.
const INHERITED: [&str; 28] = [
    "ALL_PROXY",
    "ASDF_DATA_DIR",
    "COREPACK_HOME",
    "FNM_DIR",
    "HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LANG",
    "LANGUAGE",
    "LOGNAME",
    "MISE_DATA_DIR",
    "NODE_EXTRA_CA_CERTS",
    "NO_PROXY",
    "NVM_DIR",
    "PATH",
    "PNPM_HOME",
    "SHELL",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "TZ",
    "USER",
    "VOLTA_HOME",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
];

/// What the names of further variables begin with that a build inherits: the settings of npm, and of the locale. Letter case does not matter.
const INHERITED_PREFIXES: [&str; 2] = ["NPM_CONFIG_", "LC_"];

/// A secret that is shorter than this, in bytes, is only withheld where it is the whole of a variable. A choice of this project.
const SHORT: usize = 8;

/// The environment of a build: what it inherits of `own`, but nothing that holds one of the secrets, and what is said to it.
pub(super) fn environment(
    own: impl IntoIterator<Item = (OsString, OsString)>,
    secrets: &Secrets,
    recipe: &Recipe,
    (architecture, host): (&Architecture, &Architecture),
    work: &Path,
) -> BTreeMap<OsString, OsString> {
    let inherited = own.into_iter().filter(|(name, value)| is_inherited(name) && !tells(value, secrets));
    let mut environment: BTreeMap<OsString, OsString> = inherited.collect();
    let mut say = |name: &str, value: &OsStr| drop(environment.insert(name.into(), value.into()));
    say("CI", "true".as_ref());
    say("NO_COLOR", "1".as_ref());
    say("SIAC_ARCHITECTURE", architecture.to_string().as_ref());
    if let Some(runtime) = &recipe.runtime {
        say("SIAC_RUNTIME", runtime.as_ref());
    }
    // The copy lies inside the project, and is no part of what its version control knows.
    say("GIT_CEILING_DIRECTORIES", work.parent().unwrap_or(work).as_os_str());
    let mut suggest = |name: &str, value: &str| {
        let is_set = environment.keys().any(|there| there.eq_ignore_ascii_case(name));
        if !is_set {
            environment.insert(name.into(), value.into());
        }
    };
    suggest("npm_config_audit", "false");
    suggest("npm_config_fund", "false");
    suggest("npm_config_update_notifier", "false");
    if architecture != host {
        for (name, value) in [("npm_config_os", &architecture.os), ("npm_config_libc", &architecture.libc)] {
            value.iter().for_each(|value| suggest(name, value));
        }
        suggest("npm_config_cpu", &architecture.cpu);
    }
    environment
}

fn is_inherited(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    let name = name.to_ascii_uppercase();
    INHERITED.contains(&name.as_str()) || INHERITED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn tells(value: &OsStr, secrets: &Secrets) -> bool {
    let value = value.to_string_lossy();
    let mut texts = secrets.values().map(|secret| secret.value.expose().as_str()).filter(|text| !text.is_empty());
    texts.any(|text| value == text || (text.len() >= SHORT && value.contains(text)))
}

#[cfg(test)]
mod tests {
    use siac_core::model::secret::Secret;
    use siac_core::ports::FetchedSecret;

    use super::*;

    fn seen(own: &[(&str, &str)], architecture: &str) -> BTreeMap<String, String> {
        let own = own.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let host: Architecture = "linux-x64-glibc".parse().unwrap();
        let architecture: Architecture = architecture.parse().unwrap();
        let secret = |text: &str| FetchedSecret { value: Secret::new(text.to_owned()), version: None };
        let secrets = ["hunter2-hunter2", "x", ""].map(|text| (text.to_owned(), secret(text))).into();
        let recipe = Recipe { runtime: Some("nodejs22".into()), ..Recipe::of("api") };
        let environment =
            environment(own, &secrets, &recipe, (&architecture, &host), Path::new("/p/.siac/builds/work/1"));
        let text = |text: OsString| text.into_string().unwrap();
        environment.into_iter().map(|(name, value)| (text(name), text(value))).collect()
    }

    #[test]
    fn a_build_inherits_what_it_needs_and_no_secret() {
        let own = [
            ("PATH", "/bin"),
            ("https_proxy", "http://proxy"),
            ("npm_config_registry", "https://registry"),
            ("NPM_CONFIG_TOKEN", "a hunter2-hunter2"),
            ("LC_ALL", "C"),
            ("TZ", "x"),
            ("AWS_SECRET_ACCESS_KEY", "k"),
            ("SIAC_PASSPHRASE", "p"),
            ("DATABASE_URL", "d"),
            ("NODE_ENV", "production"),
            ("CI", "no"),
        ];
        let names: Vec<String> = seen(&own, "linux-x64-glibc").into_keys().collect();
        let expected = [
            "CI",
            "GIT_CEILING_DIRECTORIES",
            "LC_ALL",
            "NO_COLOR",
            "PATH",
            "SIAC_ARCHITECTURE",
            "SIAC_RUNTIME",
            "https_proxy",
            "npm_config_audit",
            "npm_config_fund",
            "npm_config_registry",
            "npm_config_update_notifier",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn npm_is_told_of_other_machines() {
        let told = seen(&[("NPM_CONFIG_AUDIT", "true")], "linux-arm64-musl");
        let npm: Vec<_> = told.iter().filter(|(name, _)| name.to_lowercase().starts_with("npm_")).collect();
        let expected = [
            ("NPM_CONFIG_AUDIT", "true"),
            ("npm_config_cpu", "arm64"),
            ("npm_config_fund", "false"),
            ("npm_config_libc", "musl"),
            ("npm_config_os", "linux"),
            ("npm_config_update_notifier", "false"),
        ];
        assert_eq!(
            npm,
            expected
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .iter()
                .map(|(a, b)| (a, b))
                .collect::<Vec<_>>()
        );
        assert_eq!((told["CI"].as_str(), told["SIAC_ARCHITECTURE"].as_str()), ("true", "linux-arm64-musl"));
        assert_eq!(told["GIT_CEILING_DIRECTORIES"], "/p/.siac/builds/work");
    }
}
