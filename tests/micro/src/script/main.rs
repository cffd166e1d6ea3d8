//! The script whose instructions are counted: sessions, jobs and events in both dialects, a stage at a time.
//!
//! Each stage does what is to be counted in one call of [`counted`], where callgrind sets its counter to
//! zero and writes it down afterwards (`--zero-before`, `--dump-after`). The script says in the same order
//! what the stages are called and how much each did: `cargo xtask icount` puts the two together.

mod stages;

use std::hint::black_box;

fn main() {
    stages::run(&mut |name, unit, work| {
        let units = counted(work);
        println!("{name} {units} {unit}");
    });
}

/// Does what is counted; `cargo xtask icount` knows this by its name.
#[inline(never)]
fn counted(work: &mut dyn FnMut() -> usize) -> usize {
    black_box(work())
}
