//! The files of one log: the one that is written, and older ones behind it as `.1`, `.2` and so on.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use siac_core::model::log::{LogLine, LogWish};

use super::backwards::Backwards;
use super::line_of;
use crate::supervisor::numbered;

/// What tells one file from another, whatever it is called.
type Identity = (u64, u64);

fn identity(file: &File) -> io::Result<Identity> {
    file.metadata().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// The files of a log that are still to be read, the oldest first.
pub struct Generations {
    /// The last one is the one that is written, as far as is known. Empty while there is no log.
    files: VecDeque<BufReader<File>>,
    /// The beginning of a line whose end was not there yet.
    unfinished: Vec<u8>,
}

impl Generations {
    /// The log at `path`, from the first line that is wanted.
    pub fn open(path: &Path, wish: &LogWish) -> io::Result<Self> {
        let mut left = wish.tail.unwrap_or(usize::MAX);
        let mut files = VecDeque::new();
        // From the newest to the oldest, as far as lines are wanted. The newest is followed even if none of its lines are.
        for file in all(path)?.into_iter().rev() {
            let is_whole = seek_first(&file, &mut left, wish.since.as_deref())?;
            files.push_front(BufReader::new(file));
            if !is_whole || left == 0 {
                break;
            }
        }
        Ok(Self { files, unfinished: Vec::new() })
    }

    /// The next lines, at most so many; none when there are no more now.
    pub fn lines(&mut self, most: usize) -> io::Result<Vec<LogLine>> {
        let mut lines = Vec::new();
        while lines.len() < most {
            let Some(file) = self.files.front_mut() else { break };
            file.read_until(b'\n', &mut self.unfinished)?;
            let is_whole = self.unfinished.ends_with(b"\n");
            if is_whole || (self.files.len() > 1 && !self.unfinished.is_empty()) {
                lines.push(line_of(&std::mem::take(&mut self.unfinished)));
            }
            match (is_whole, self.files.len()) {
                (true, _) => {}
                // Nobody writes into an older one any more.
                (false, 2..) => drop(self.files.pop_front()),
                (false, _) => break,
            }
        }
        Ok(lines)
    }

    /// The same log, after its newest file may have become an older one. What is read is not read again.
    pub fn advanced(mut self, path: &Path) -> io::Result<Self> {
        let Some(file) = self.files.back_mut() else {
            self.files = all(path)?.into_iter().map(BufReader::new).collect();
            return Ok(self);
        };
        let (own, position) = (identity(file.get_ref())?, file.stream_position()?);
        let files = all(path)?;
        let identities = files.iter().map(identity).collect::<io::Result<Vec<Identity>>>()?;
        match identities.iter().position(|identity| *identity == own) {
            // Somebody has emptied it.
            Some(_) if file.get_ref().metadata()?.len() < position => {
                self.unfinished.clear();
                file.seek(SeekFrom::Start(0))?;
            }
            // Every one when it was dropped meanwhile, else those that came after it.
            at => {
                let newer = files.into_iter().skip(at.map_or(0, |at| at + 1));
                self.files.extend(newer.map(BufReader::new));
            }
        }
        Ok(self)
    }
}

/// The files of a log that exist, the oldest first. A file that is renamed while they are opened is there once.
fn all(path: &Path) -> io::Result<VecDeque<File>> {
    let mut files = VecDeque::new();
    let mut known: Vec<Identity> = Vec::new();
    for number in 0.. {
        let name: PathBuf = if number == 0 { path.to_owned() } else { numbered(path, number) };
        match File::open(name) {
            Ok(file) => {
                let identity = identity(&file)?;
                if !known.contains(&identity) {
                    known.push(identity);
                    files.push_front(file);
                }
            }
            // The one that is written is missing for a moment while it becomes an older one.
            Err(error) if error.kind() == ErrorKind::NotFound && number == 0 => {}
            Err(error) if error.kind() == ErrorKind::NotFound => break,
            Err(error) => return Err(error),
        }
    }
    Ok(files)
}

/// Goes to the first of the last `left` lines that was not written before `since`, and counts them off. Whether the whole file is wanted.
fn seek_first(mut file: &File, left: &mut usize, since: Option<&str>) -> io::Result<bool> {
    if *left == usize::MAX && since.is_none() {
        return Ok(true);
    }
    let mut start = file.metadata()?.len();
    let mut backwards = Backwards::new(file)?;
    let mut is_whole = true;
    while let Some((place, bytes)) = backwards.line()? {
        let is_old = || since.is_some_and(|since| line_of(&bytes).time.is_none_or(|time| time.as_str() < since));
        if *left == 0 || is_old() {
            is_whole = false;
            break;
        }
        *left -= 1;
        start = place;
    }
    file.seek(SeekFrom::Start(start))?;
    Ok(is_whole)
}
