//! Paths inside a project: relative to its root, with `/`, without `.` and `..`.

/// The path that `written` means in a folder of the project; nothing when it leads out of the project or is absolute.
pub(super) fn joined(folder: &str, written: &str) -> Option<String> {
    if written.starts_with('/') || written.contains('\\') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(written.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// How a folder is written in `path.stack` and `path.module`.
pub(super) fn written(folder: &str) -> &str {
    if folder.is_empty() { "." } else { folder }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside_the_project() {
        assert_eq!(joined("stacks", "../services/./a"), Some("services/a".to_owned()));
        assert_eq!(joined("", "."), Some(String::new()));
        assert_eq!(joined("stacks", "../../etc"), None);
        assert_eq!(joined("stacks", "/etc"), None);
    }
}
