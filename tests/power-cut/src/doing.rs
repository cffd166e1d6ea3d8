//! Doing a call by the kernel, and noting what it did to a file of the folder.

use std::ffi::{CStr, c_char, c_int, c_long, c_uint, c_void};
use std::os::fd::RawFd;

use libc::off_t;

use crate::journal::Change;
use crate::watch::watch;

/// A path as text; `None` for one that can not be of the folder.
///
/// # Safety
///
/// `path` is null or a C string.
unsafe fn text<'a>(path: *const c_char) -> Option<&'a str> {
    // SAFETY: the caller's promise is the caller's of the C function.
    (!path.is_null()).then(|| unsafe { CStr::from_ptr(path) })?.to_str().ok()
}

/// Whether there is something under a path.
fn exists(path: *const c_char) -> bool {
    // SAFETY: the kernel checks the pointer.
    unsafe { libc::syscall(libc::SYS_faccessat, libc::AT_FDCWD, path, libc::F_OK) == 0 }
}

/// # Safety
///
/// That of `openat`.
pub(crate) unsafe fn open_at(
    folder: c_int,
    path: *const c_char,
    flags: c_int,
    mode: c_uint,
) -> c_int {
    // SAFETY: these are the arguments of `openat`, as our caller gave them.
    let call = || unsafe { libc::syscall(libc::SYS_openat, folder, path, flags, mode) as c_int };
    // SAFETY: the caller's promise.
    let Some(name) = (unsafe { text(path) }) else { return call() };
    let Some(mut watch) = watch().filter(|watch| watch.covers(name)) else { return call() };
    let created = flags & libc::O_CREAT != 0 && !exists(path);
    let file = call();
    if file >= 0 {
        watch.opened(file, name);
        if created {
            watch.note(name, Change::Created);
        } else if flags & libc::O_TRUNC != 0 {
            watch.note(name, Change::Cut(0));
        }
    }
    file
}

/// Notes what a call that writes has written: `done` bytes from `buffer`, which end where the file's
/// position is now if they have no place of their own.
///
/// # Safety
///
/// `buffer` has `done` bytes.
pub(crate) unsafe fn written(
    file: RawFd,
    buffer: *const c_void,
    done: c_long,
    place: Option<off_t>,
) {
    let Some(watch) = watch().filter(|watch| watch.path(file).is_some()) else { return };
    let Ok(length) = usize::try_from(done) else { return };
    let place = place.unwrap_or_else(|| {
        // SAFETY: it takes numbers only.
        let end = unsafe { libc::syscall(libc::SYS_lseek, file, 0, libc::SEEK_CUR) };
        end - done
    });
    // SAFETY: the caller's promise; the kernel has just read them.
    let bytes = unsafe { std::slice::from_raw_parts(buffer.cast::<u8>(), length) };
    watch.note_of(file, Change::Written(u64::try_from(place).unwrap_or(0), bytes));
}

/// # Safety
///
/// That of `fsync`: none.
pub(crate) unsafe fn sync(file: c_int, call: c_long) -> c_int {
    let started = watch().and_then(|mut watch| {
        let path = watch.path(file)?.to_owned();
        let sync = watch.next_sync();
        watch.note(&path, Change::SyncStarted(sync));
        Some((path, sync))
    });
    // SAFETY: both calls take the descriptor only.
    let done = unsafe { libc::syscall(call, file) as c_int };
    if let (0, Some((path, sync)), Some(watch)) = (done, started, watch()) {
        watch.note(&path, Change::Synced(sync));
    }
    done
}

/// # Safety
///
/// That of `ftruncate`: none.
pub(crate) unsafe fn cut(file: c_int, length: off_t) -> c_int {
    let watch = watch();
    // SAFETY: it takes numbers only.
    let done = unsafe { libc::syscall(libc::SYS_ftruncate, file, length) as c_int };
    if let (0, Some(watch)) = (done, watch) {
        watch.note_of(file, Change::Cut(u64::try_from(length).unwrap_or(0)));
    }
    done
}

/// # Safety
///
/// That of `unlinkat`.
pub(crate) unsafe fn unlink_at(folder: c_int, path: *const c_char, flags: c_int) -> c_int {
    let watch = watch();
    // SAFETY: these are the arguments of `unlinkat`, as our caller gave them.
    let done = unsafe { libc::syscall(libc::SYS_unlinkat, folder, path, flags) as c_int };
    // SAFETY: the caller's promise.
    if let (0, Some(mut watch), Some(name)) = (done, watch, unsafe { text(path) })
        && watch.covers(name)
    {
        watch.note(name, Change::Unlinked);
        watch.moved(name, None);
    }
    done
}

/// # Safety
///
/// That of `rename`.
pub(crate) unsafe fn rename_to(from: *const c_char, to: *const c_char) -> c_int {
    let watch = watch();
    let (here, none) = (libc::AT_FDCWD, 0);
    // SAFETY: these are the arguments as our caller gave them.
    let done = unsafe { libc::syscall(libc::SYS_renameat2, here, from, here, to, none) as c_int };
    // SAFETY: the caller's promise.
    let (old, new) = unsafe { (text(from), text(to)) };
    if let (0, Some(mut watch), Some(old), Some(new)) = (done, watch, old, new)
        && watch.covers(old)
    {
        watch.note(old, Change::Renamed(new));
        watch.moved(old, Some(new));
    }
    done
}
