//! The embedded default: files, commands and real services on this machine.
