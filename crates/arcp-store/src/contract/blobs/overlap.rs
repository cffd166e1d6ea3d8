//! Clauses 1, 6, 8 and 9: calls at the same time, from any task.

use std::sync::Arc;

use super::sample::{sample, tag_of};
use super::{Bench, Clause, Outcome, ensure, key, same};
use crate::contract::overlap::{TASKS, join, tasks};
use crate::{Blobs, Key, MAX_BLOB_NAME};

pub(super) const CLAUSES: &[Clause<dyn Blobs>] = &[
    Clause::new("c01_get_during_puts_is_whole", get_is_whole),
    Clause::new("c06_one_of_many_puts_is_left", one_is_left),
    Clause::new("c08_list_during_puts_misses_no_name", list_misses_none),
    Clause::new("c09_calls_at_the_same_time_are_each_done", each_done),
];

const PUTS: usize = 30;

/// Sizes from none to many pages, so that a mixture of two does not look like one.
fn size(n: usize) -> usize {
    n * 7_919 % 200_000
}

/// Puts samples under `name`, one after the other.
async fn put_samples(blobs: Arc<dyn Blobs>, name: &str, task: u64) -> Outcome {
    for n in 0..PUTS {
        let bytes = sample(&format!("{task}.{n}"), size(n + 100 * usize::try_from(task)?));
        blobs.put(&key(name), bytes).await?;
    }
    Ok(())
}

fn get_is_whole(bench: &mut Bench) -> Outcome {
    bench.put("a", sample("before", 50_000))?;
    let both = tasks(bench, |blobs, task| async move {
        if task < 2 {
            return put_samples(blobs, "a", task).await;
        }
        for _ in 0..PUTS {
            let found = blobs.get(&key("a")).await?.ok_or("it is gone while it is replaced")?;
            tag_of(&found)?;
        }
        Ok(())
    })?;
    join(bench, both)
}

fn one_is_left(bench: &mut Bench) -> Outcome {
    let writers = tasks(bench, |blobs, task| put_samples(blobs, "a", task))?;
    join(bench, writers)?;
    bench.holds(|bench| {
        let tag = tag_of(&bench.get("a")?.ok_or("nothing is left")?)?;
        let last = format!(".{}", PUTS - 1);
        ensure(tag.ends_with(&last), || format!("{tag} is left, not the last of a task"))?;
        bench.names_are(["a"])
    })
}

/// So many names that a file system tells them in several steps.
fn list_misses_none(bench: &mut Bench) -> Outcome {
    let names = (0..300).map(|n| key(format!("{n:0>MAX_BLOB_NAME$}")));
    let names: Arc<Vec<Key>> = Arc::new(names.collect());
    for name in names.iter() {
        bench.put(name.as_bytes(), "before")?;
    }
    let both = tasks(bench, |blobs, task| {
        let names = Arc::clone(&names);
        async move {
            if task < 4 {
                return replace(blobs, &names, usize::try_from(task)?).await;
            }
            for _ in 0..PUTS {
                let listed = blobs.list(None, usize::MAX).await?;
                let missed = || format!("{} of {} names are told", listed.len(), names.len());
                ensure(listed == *names, missed)?;
            }
            Ok(())
        }
    })?;
    join(bench, both)
}

async fn replace(blobs: Arc<dyn Blobs>, names: &[Key], from: usize) -> Outcome {
    for name in names.iter().skip(from).step_by(5) {
        blobs.put(name, "after".into()).await?;
    }
    Ok(())
}

/// Each task has names of its own, of which every third is deleted again.
fn each_done(bench: &mut Bench) -> Outcome {
    let writers = tasks(bench, |blobs, task| async move {
        for n in 0..PUTS {
            let name = key(format!("{task}.{n:02}"));
            blobs.put(&name, sample(&format!("{task}.{n}"), size(n))).await?;
            let found = blobs.get(&name).await?.ok_or("what was put is not there")?;
            same("what was put", tag_of(&found)?, format!("{task}.{n}"))?;
            if n % 3 == 0 {
                blobs.delete(&name).await?;
                ensure(blobs.get(&name).await?.is_none(), || format!("{name:?} is still there"))?;
            }
        }
        Ok(())
    })?;
    join(bench, writers)?;
    bench.holds(|bench| {
        let numbers = (0..PUTS).filter(|n| n % 3 != 0);
        let left = (0..TASKS).flat_map(|task| numbers.clone().map(move |n| (task, n)));
        bench.names_are(left.clone().map(|(task, n)| format!("{task}.{n:02}")))?;
        for (task, n) in left {
            bench.has(format!("{task}.{n:02}"), &sample(&format!("{task}.{n}"), size(n)))?;
        }
        Ok(())
    })
}
