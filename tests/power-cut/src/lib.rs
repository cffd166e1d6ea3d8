//! A library to be preloaded (`LD_PRELOAD`) into a program whose power is to be cut: it writes down
//! what the program does to the files of one folder, and in which order.
//!
//! `ARCP_CUT_FOLDER` names the folder, by its canonical path, and `ARCP_CUT_JOURNAL` the file to
//! write to, which is not in it. `tests/crash` reads that file, and makes of it what a disk may hold
//! after a power cut; what is modelled is said there. Seen are the calls that SQLite's unix VFS and
//! Rust's std make on Linux: opening (what is created, what is emptied), writing with or without a
//! position, cutting off, syncing, renaming and unlinking. Not seen, for neither makes use of it
//! here: copies of descriptors, paths that are not absolute, `fallocate`, writing through a map (SQLite
//! maps its `-shm` only, which no power cut needs to leave behind).
//!
//! The calls themselves go to the kernel by `syscall`, so nothing here is seen by itself.

mod calls;
mod doing;
mod journal;
mod watch;
