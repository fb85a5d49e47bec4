//! Who holds a port.

/// The process that listens on a port, as far as this user may know: `node (process 4242)`.
#[cfg(target_os = "linux")]
pub fn holder(port: u16) -> Option<String> {
    let sockets: Vec<String> =
        ["/proc/net/tcp", "/proc/net/tcp6"].iter().flat_map(|table| listening(table, port)).collect();
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let pid = processes
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .find(|pid| has_open(*pid, &sockets))?;
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    Some(format!("{} (process {pid})", name.trim()))
}

/// How `/proc` names the sockets that listen on a port.
#[cfg(target_os = "linux")]
fn listening(table: &str, port: u16) -> Vec<String> {
    let text = std::fs::read_to_string(table).unwrap_or_default();
    let (port, listens) = (format!(":{port:04X}"), "0A");
    let socket = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_it = fields.get(1)?.ends_with(&port) && *fields.get(3)? == listens;
        is_it.then(|| format!("socket:[{}]", fields.get(9).unwrap_or(&"")))
    };
    text.lines().filter_map(socket).collect()
}

#[cfg(target_os = "linux")]
fn has_open(pid: u32, sockets: &[String]) -> bool {
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let links = files.filter_map(|file| std::fs::read_link(file.path()).ok());
    links.into_iter().any(|link| sockets.iter().any(|socket| link.as_os_str() == socket.as_str()))
}

/// The process that listens on a port, as far as this user may know: `node (process 4242)`.
#[cfg(not(target_os = "linux"))]
pub fn holder(port: u16) -> Option<String> {
    let asked = std::process::Command::new("lsof")
        .args(["-nP", "-sTCP:LISTEN", "-Fpc", &format!("-iTCP:{port}")])
        .output()
        .ok()?;
    let text = String::from_utf8(asked.stdout).ok()?;
    let field = |mark: char| text.lines().find_map(|line| line.strip_prefix(mark));
    Some(format!("{} (process {})", field('c')?, field('p')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holder_of_a_port_is_named() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let named = holder(port).unwrap();
        assert!(named.contains(&format!("(process {})", std::process::id())), "{named}");
        drop(listener);
        assert_eq!(holder(port), None);
    }
}
