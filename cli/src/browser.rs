//! Showing a page to a person: which addresses are safe to open, and with which program.

use std::process::{Command, Stdio};

/// The address that a browser is given for one that was recorded: sockets become pages of the same place.
///
/// Fails with why it is not opened.
pub fn page_of(url: &str) -> Result<String, String> {
    let (scheme, rest) = url.split_once("://").ok_or_else(|| format!("{url:?} is no URL"))?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "http" | "ws" => "http",
        "https" | "wss" => "https",
        _ => return Err(format!("{url:?} is not opened: only http, https, ws and wss are")),
    };
    let is_plain =
        |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}');
    let has_host = !rest.is_empty() && !rest.starts_with(['/', '?', '#', ':']);
    match has_host && rest.chars().all(is_plain) {
        true => Ok(format!("{scheme}://{rest}")),
        false => Err(format!("{url:?} is not opened: it is no URL that every browser takes")),
    }
}

/// What is known of the place where siac runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// `$BROWSER`.
    pub browser: Option<String>,
    /// Whether there is a display, or a system that always has one.
    pub has_display: bool,
    /// Whether a person reads what is printed.
    pub is_terminal: bool,
    /// The program that opens pages on this system.
    pub opener: &'static str,
}

impl Surroundings {
    /// Those of this process.
    pub fn of_this_process() -> Self {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let is_mac = cfg!(target_os = "macos");
        Self {
            browser: set("BROWSER"),
            has_display: is_mac || set("DISPLAY").or_else(|| set("WAYLAND_DISPLAY")).is_some(),
            is_terminal: std::io::IsTerminal::is_terminal(&std::io::stdout()),
            opener: if is_mac { "open" } else { "xdg-open" },
        }
    }

    /// The programs to try, in order; none where a page is better printed.
    pub fn programs(&self) -> Vec<String> {
        if !self.is_terminal {
            return Vec::new();
        }
        let own = self.browser.iter().flat_map(|names| names.split(':')).filter(|name| !name.is_empty());
        own.map(str::to_owned).chain(self.has_display.then(|| self.opener.to_owned())).collect()
    }
}

/// Opens a page with the first of these programs that starts; answers whether one did. Nobody waits for it to end.
pub fn open(page: &str, programs: &[String]) -> bool {
    programs.iter().any(|program| {
        let nothing = Stdio::null;
        Command::new(program).arg(page).stdin(nothing()).stdout(nothing()).stderr(nothing()).spawn().is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_are_opened() {
        assert_eq!(page_of("http://127.0.0.1:8080/x?y#z").as_deref(), Ok("http://127.0.0.1:8080/x?y#z"));
        assert_eq!(page_of("WSS://example.com").as_deref(), Ok("https://example.com"));
        assert_eq!(page_of("ws://[::1]:80/socket").as_deref(), Ok("http://[::1]:80/socket"));
        for bad in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "http://",
            "http:///x",
            "http://a b",
            "http://a\n--x",
            "-x",
            "http://a`b",
        ] {
            assert!(page_of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_page_is_printed_where_nobody_sees_a_browser() {
        let all = Surroundings { browser: None, has_display: true, is_terminal: true, opener: "xdg-open" };
        assert_eq!(all.programs(), ["xdg-open"]);
        assert_eq!(
            Surroundings { browser: Some("firefox:lynx".into()), ..all.clone() }.programs(),
            ["firefox", "lynx", "xdg-open"]
        );
        assert_eq!(Surroundings { has_display: false, ..all.clone() }.programs(), [] as [&str; 0]);
        assert_eq!(Surroundings { is_terminal: false, ..all }.programs(), [] as [&str; 0]);
    }
}
