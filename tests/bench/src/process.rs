//! What a process has used, as Linux counts it.

use std::fs;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::failure::Result;

/// Has this process, and those that it starts, open as many files as they ever may: a session is one
/// at each end.
pub(crate) fn raise_limit_of_files() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?)
}

/// What a process has used so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    cpu: Duration,
    pub(crate) peak_rss_kib: u64,
    /// Now.
    pub(crate) rss_kib: u64,
}

impl Usage {
    pub(crate) fn of(pid: u32) -> Result<Self> {
        Self::read(&pid.to_string())
    }

    pub(crate) fn of_this_process() -> Result<Self> {
        Self::read("self")
    }

    /// All computing time used so far, in user and system mode.
    pub(crate) fn cpu(self) -> Duration {
        self.cpu
    }

    /// Computing time used since `before`, in user and system mode.
    pub(crate) fn cpu_since(self, before: Self) -> Duration {
        self.cpu.saturating_sub(before.cpu)
    }

    fn read(name: &str) -> Result<Self> {
        let of = |file: &str| {
            let path = format!("/proc/{name}/{file}");
            fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))
        };
        let cpu = cpu(&of("stat")?).ok_or("no times in /proc/PID/stat")?;
        let status = of("status")?;
        let kib =
            |name: &str| kib(&status, name).ok_or_else(|| format!("no {name} in /proc/PID/status"));
        Ok(Self { cpu, peak_rss_kib: kib("VmHWM:")?, rss_kib: kib("VmRSS:")? })
    }
}

/// Fields 14 and 15 of `stat`, in ticks. The name before them may hold spaces and brackets.
fn cpu(stat: &str) -> Option<Duration> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let (user, system) = (fields.next()?.parse::<u64>().ok()?, fields.next()?.parse::<u64>().ok()?);
    Some(Duration::from_millis((user + system) * MILLIS_A_TICK))
}

fn kib(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Linux shows every program 100 ticks a second.
const MILLIS_A_TICK: u64 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194560 301 0 0 0 12 30 0 0 20 0 9 0 88 1 2";
        assert_eq!(cpu(stat), Some(Duration::from_millis(420)));
        assert_eq!(cpu("7 (a"), None);
    }

    #[test]
    fn sizes_are_found_by_name() {
        let status = "VmPeak:\t 9 kB\nVmHWM:\t    5124 kB\nVmRSS:\t 1 kB\n";
        assert_eq!((kib(status, "VmHWM:"), kib(status, "VmRSS:")), (Some(5124), Some(1)));
        assert_eq!(kib("VmPeak:\t 9 kB\n", "VmHWM:"), None);
    }

    #[test]
    fn this_process_uses_something() {
        assert!(Usage::of_this_process().unwrap().peak_rss_kib > 0);
    }
}
