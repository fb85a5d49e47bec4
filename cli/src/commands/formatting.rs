//! `siac fmt`

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use siac_core::language::format::format;
use similar::TextDiff;

use crate::arguments::FmtArgs;
use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::project::reason;

/// Rewrites stack files in their canonical layout; with `--check`, only says which ones are not.
pub fn fmt(arguments: &FmtArgs, desk: &Desk) -> Result<Exit, Failure> {
    let mut changed = 0;
    for file in files(&arguments.paths)? {
        let text = fs::read_to_string(&file).map_err(|error| unreadable(&file, &error))?;
        let wanted = format(&text).map_err(|problem| {
            let line = problem.at.map_or(1, |at| text[..at.start.min(text.len())].matches('\n').count() + 1);
            Failure::new(format!("{}:{line}: {}", file.display(), problem.why))
                .help("nothing was rewritten in this file; mend it and run `siac fmt` again")
        })?;
        if text == wanted {
            continue;
        }
        changed += 1;
        desk.data(&file.display().to_string());
        if arguments.diff {
            desk.data(&TextDiff::from_lines(&text, &wanted).unified_diff().context_radius(2).to_string());
        }
        if !arguments.check {
            replace(&file, &wanted)
                .map_err(|error| Failure::new(format!("{} cannot be written: {error}", file.display())))?;
        }
    }
    Ok(if arguments.check && changed > 0 { Exit::Error } else { Exit::Done })
}

/// Replaces a file's content as a whole, so that a crash leaves the old or the new.
fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(text.as_bytes())?;
    new.as_file().set_permissions(fs::metadata(file)?.permissions())?;
    new.as_file().sync_all()?;
    new.persist(file)?;
    Ok(())
}

/// The stack files meant: named files as they are, and below named folders every TOML file that looks like part of a stack.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let here = [PathBuf::from(".")];
    let mut files = Vec::new();
    for path in if paths.is_empty() { &here[..] } else { paths } {
        match path.is_dir() {
            true => collect(path, &mut files).map_err(|error| unreadable(path, &error))?,
            false => files.push(path.clone()),
        }
    }
    files.sort();
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let hidden = name.to_string_lossy().starts_with('.');
        let kind = entry.file_type()?;
        if kind.is_dir() && !hidden && name != "target" && name != "node_modules" {
            collect(&path, files)?;
        } else if kind.is_file()
            && !hidden
            && path.extension().is_some_and(|extension| extension == "toml")
            && is_stack(&path)
        {
            files.push(path);
        }
    }
    Ok(())
}

/// Whether a TOML file has a table that only stacks and modules have.
fn is_stack(path: &Path) -> bool {
    const TABLES: [&str; 6] = ["[stack]", "[resource.", "[variable.", "[output.", "[module.", "[locals]"];
    fs::read_to_string(path)
        .is_ok_and(|text| text.lines().any(|line| TABLES.iter().any(|table| line.trim_start().starts_with(table))))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("{} cannot be read: {}", path.display(), reason(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_searched_for_stack_files_only() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("a.toml", "[stack]\nname = \"a\"\n");
        write("Cargo.toml", "[package]\nname = \"a\"\n");
        assert_eq!(files(&[folder.path().to_owned()]).unwrap(), [folder.path().join("a.toml")]);
    }
}
