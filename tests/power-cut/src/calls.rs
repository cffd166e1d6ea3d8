//! The calls of libc that are taken over. Each does what it does in libc, and notes it.

use std::ffi::{c_char, c_int, c_uint, c_void};

use libc::{iovec, off_t, size_t, ssize_t};

use crate::doing::{cut, open_at, rename_to, sync, unlink_at, written};
use crate::watch::watch;

/// `open`, whose mode counts only where a file is made.
///
/// # Safety
///
/// As in libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    // SAFETY: the caller's promise is that of the C function.
    unsafe { open_at(libc::AT_FDCWD, path, flags, mode) }
}

/// `open64`.
///
/// # Safety
///
/// As in libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    // SAFETY: the caller's promise is that of the C function.
    unsafe { open_at(libc::AT_FDCWD, path, flags | libc::O_LARGEFILE, mode) }
}

/// `openat`.
///
/// # Safety
///
/// As in libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn openat(
    folder: c_int,
    path: *const c_char,
    flags: c_int,
    mode: c_uint,
) -> c_int {
    // SAFETY: the caller's promise is that of the C function.
    unsafe { open_at(folder, path, flags, mode) }
}

/// `openat64`.
///
/// # Safety
///
/// As in libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn openat64(
    folder: c_int,
    path: *const c_char,
    flags: c_int,
    mode: c_uint,
) -> c_int {
    // SAFETY: the caller's promise is that of the C function.
    unsafe { open_at(folder, path, flags | libc::O_LARGEFILE, mode) }
}

/// `close`.
///
/// # Safety
///
/// As in libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn close(file: c_int) -> c_int {
    // Before the call, for the number may be another's at once after it.
    if let Some(mut watch) = watch() {
        watch.closed(file);
    }
    // SAFETY: it takes a number only.
    unsafe { libc::syscall(libc::SYS_close, file) as c_int }
}

/// `write`.
///
/// # Safety
///
/// As in libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(file: c_int, buffer: *const c_void, count: size_t) -> ssize_t {
    // SAFETY: these are the arguments as our caller gave them.
    let done = unsafe { libc::syscall(libc::SYS_write, file, buffer, count) };
    // SAFETY: as many bytes were taken from there.
    unsafe { written(file, buffer, done, None) };
    done as ssize_t
}

/// `writev`: on files of the folder a piece at a time, which may write less than all, as it may.
///
/// # Safety
///
/// As in libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn writev(file: c_int, pieces: *const iovec, count: c_int) -> ssize_t {
    if count > 0 && watch().is_some_and(|watch| watch.path(file).is_some()) {
        // SAFETY: there is at least one piece, as our caller says.
        let first = unsafe { &*pieces };
        // SAFETY: the piece is a buffer of that length.
        return unsafe { write(file, first.iov_base, first.iov_len) };
    }
    // SAFETY: these are the arguments as our caller gave them.
    unsafe { libc::syscall(libc::SYS_writev, file, pieces, count) as ssize_t }
}

/// `pwrite`.
///
/// # Safety
///
/// As in libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite(
    file: c_int,
    buffer: *const c_void,
    count: size_t,
    place: off_t,
) -> ssize_t {
    // SAFETY: these are the arguments as our caller gave them.
    let done = unsafe { libc::syscall(libc::SYS_pwrite64, file, buffer, count, place) };
    // SAFETY: as many bytes were taken from there.
    unsafe { written(file, buffer, done, Some(place)) };
    done as ssize_t
}

/// `pwrite64`.
///
/// # Safety
///
/// As in libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite64(
    file: c_int,
    buffer: *const c_void,
    count: size_t,
    place: off_t,
) -> ssize_t {
    // SAFETY: the caller's promise is that of the C function.
    unsafe { pwrite(file, buffer, count, place) }
}

/// `ftruncate`.
///
/// # Safety
///
/// As in libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ftruncate(file: c_int, length: off_t) -> c_int {
    // SAFETY: it takes numbers only.
    unsafe { cut(file, length) }
}

/// `ftruncate64`.
///
/// # Safety
///
/// As in libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ftruncate64(file: c_int, length: off_t) -> c_int {
    // SAFETY: it takes numbers only.
    unsafe { cut(file, length) }
}

/// `fsync`.
///
/// # Safety
///
/// As in libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fsync(file: c_int) -> c_int {
    // SAFETY: it takes a number only.
    unsafe { sync(file, libc::SYS_fsync) }
}

/// `fdatasync`, which for what is modelled is `fsync`.
///
/// # Safety
///
/// As in libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fdatasync(file: c_int) -> c_int {
    // SAFETY: it takes a number only.
    unsafe { sync(file, libc::SYS_fdatasync) }
}

/// `unlink`.
///
/// # Safety
///
/// As in libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    // SAFETY: the caller's promise is that of the C function.
    unsafe { unlink_at(libc::AT_FDCWD, path, 0) }
}

/// `unlinkat`.
///
/// # Safety
///
/// As in libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn unlinkat(folder: c_int, path: *const c_char, flags: c_int) -> c_int {
    // SAFETY: the caller's promise is that of the C function.
    unsafe { unlink_at(folder, path, flags) }
}

/// `rename`.
///
/// # Safety
///
/// As in libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    // SAFETY: the caller's promise is that of the C function.
    unsafe { rename_to(from, to) }
}
