//! The inputs that the fuzz targets are known by, through the targets.

#[cfg(test)]
#[expect(unreachable_pub, reason = "the fuzz targets are a library too")]
#[path = "../../../../tests/fuzz/src/lib.rs"]
mod fuzz;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::fuzz;

    fn replay(target: &str, check: fn(&[u8])) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        assert!(fuzz::seeds::TARGETS.contains(&target));
        let seeds = fuzz::seeds::seeds(&root, target).unwrap();
        assert!(seeds.len() >= 10, "{}", seeds.len());
        for seed in seeds {
            check(&seed);
        }
    }

    #[test]
    fn hello_commands() {
        replay("hello_commands", fuzz::hello_commands);
    }

    #[test]
    fn hello_outputs() {
        replay("hello_outputs", fuzz::hello_outputs);
    }

    #[test]
    fn lease_grammar() {
        replay("lease_grammar", fuzz::lease_grammar);
    }

    #[test]
    fn open_commands() {
        replay("open_commands", fuzz::open_commands);
    }

    #[test]
    fn open_outputs() {
        replay("open_outputs", fuzz::open_outputs);
    }
}
