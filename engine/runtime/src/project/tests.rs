use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

fn project() -> (tempfile::TempDir, Project) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("project");
    fs::create_dir_all(root.join("src/deep")).unwrap();
    fs::create_dir_all(root.join("src/.git")).unwrap();
    fs::write(root.join("src/a.js"), "a").unwrap();
    fs::write(root.join("src/deep/b.js"), "b").unwrap();
    fs::write(root.join("src/.git/config"), "secret").unwrap();
    fs::write(folder.path().join("outside"), "outside").unwrap();
    let project = Project::open(&root).unwrap();
    (folder, project)
}

fn refusal<T: std::fmt::Debug>(result: Result<T, Unreachable>) -> String {
    match result.unwrap_err() {
        Unreachable::Refused(why) => why,
        Unreachable::Missing(path) => panic!("{path} is missing, not refused"),
    }
}

#[test]
fn files_are_read_and_listed_below_the_root() {
    let (_folder, project) = project();
    assert_eq!(project.read("src/a.js").unwrap(), b"a");
    assert_eq!(project.list("src", "**/*.js").unwrap(), ["a.js", "deep/b.js"]);
    assert_eq!(project.list("src", "**").unwrap(), ["a.js", "deep/b.js"], "version control is left out");
    assert_eq!(project.read("src/none"), Err(Unreachable::Missing("src/none".into())));
    assert_eq!(project.answer(&FileQuestion::Read("none".into())), FileAnswer::Missing);
}

#[test]
fn nothing_outside_is_read() {
    let (folder, project) = project();
    let outside = folder.path().join("outside");
    symlink(&outside, project.root().join("link")).unwrap();
    symlink(folder.path(), project.root().join("src/up")).unwrap();
    assert!(refusal(project.read("../outside")).contains("leads out"));
    assert!(refusal(project.read(outside.to_str().unwrap())).contains("leads out"));
    assert!(refusal(project.read("link")).contains("link that leads out"));
    assert!(refusal(project.list("src", "**")).contains("link that leads out"));
    assert!(refusal(project.pack("src")).contains("link that leads out"));
}

#[test]
fn links_in_circles_end() {
    let (_folder, project) = project();
    symlink(project.root().join("src"), project.root().join("src/deep/again")).unwrap();
    assert!(refusal(project.list("src", "**")).contains("folders deep"));
}

#[test]
fn only_regular_files_are_read() {
    let (_folder, project) = project();
    assert!(refusal(project.read("src")).contains("not a regular file"));
    let socket = project.root().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    assert!(refusal(project.read("socket")).contains("not a regular file"));
}

#[test]
fn archives_depend_on_names_contents_and_modes_only() {
    let (_folder, project) = project();
    let before = project.pack("src").unwrap();
    let touched = fs::File::open(project.root().join("src/a.js")).unwrap();
    touched.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    let a = project.root().join("src/a.js");
    fs::set_permissions(&a, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(project.pack("src").unwrap(), before);
    fs::set_permissions(&a, fs::Permissions::from_mode(0o755)).unwrap();
    assert_ne!(project.pack("src").unwrap().digest, before.digest);
}

#[test]
fn an_ignore_file_leaves_out_files_and_folders() {
    let (_folder, project) = project();
    fs::write(project.root().join("src/.siacignore"), "# tests\ndeep/\n.siacignore\n").unwrap();
    let packed = project.pack("src").unwrap();
    let archive = zip::ZipArchive::new(io::Cursor::new(packed.bytes)).unwrap();
    let names: Vec<_> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    assert_eq!(names, ["a.js"]);
}

#[test]
fn a_single_file_is_packed_as_it_is() {
    let (_folder, project) = project();
    let packed = project.pack("src/a.js").unwrap();
    assert_eq!(packed.bytes, b"a");
    assert_eq!(packed.digest, siac_core::model::identity::Digest::of(b"a"));
}
