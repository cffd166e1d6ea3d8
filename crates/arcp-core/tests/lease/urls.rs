//! A URL that is written in two ways gets one answer, and it is the URL that is fetched.

use arcp_core::lease::Operation;
use proptest::collection::vec;
use proptest::prelude::*;
use url::Url;

use crate::globs::{pattern, target};

const FETCH: &str = "net.fetch";

/// A URL in parts, each with another way to write it.
#[derive(Debug, Clone)]
struct Spelling {
    normal: String,
    mangled: String,
}

fn any_case(text: &str) -> BoxedStrategy<Spelling> {
    let normal = text.to_owned();
    vec(any::<bool>(), text.chars().count())
        .prop_map(move |upper| {
            let mangle = |(c, upper): (char, bool)| if upper { c.to_ascii_uppercase() } else { c };
            let mangled = normal.chars().zip(upper).map(mangle).collect();
            Spelling { normal: normal.clone(), mangled }
        })
        .boxed()
}

fn host() -> impl Strategy<Value = Spelling> {
    let name = "[a-z0-9_-]{1,3}(\\.[a-z0-9-]{1,3}){0,2}\\.[a-z]{2}";
    let name =
        name.prop_flat_map(|name| (any_case(&name), any::<bool>())).prop_map(|(mut name, dot)| {
            name.mangled.push_str(if dot { "." } else { "" });
            name
        });
    let four = any::<[u8; 4]>().prop_flat_map(|[a, b, c, d]| {
        let normal = format!("{a}.{b}.{c}.{d}");
        let low = u32::from_be_bytes([0, b, c, d]);
        let ways = [
            normal.clone(),
            format!("{a:#x}.0{b:o}.{c}.{d:#04X}"),
            format!("{a}.{low}"),
            format!("0{:o}", u32::from_be_bytes([a, b, c, d])),
            format!("{a}.{b}.{}.", u16::from_be_bytes([c, d])),
        ];
        prop::sample::select(ways.to_vec())
            .prop_map(move |mangled| Spelling { normal: normal.clone(), mangled })
    });
    let six = any::<[u16; 8]>().prop_map(|mut parts| {
        // Not one of those that hold an address of the old kind.
        parts[0] |= 0x2000;
        let normal = format!("[{}]", std::net::Ipv6Addr::from(parts));
        let mangled: Vec<_> = parts.iter().map(|part| format!("{part:04X}")).collect();
        Spelling { normal, mangled: format!("[{}]", mangled.join(":")) }
    });
    prop_oneof![4 => name, 1 => four, 1 => six]
}

/// A scheme, a host and a port.
fn origin() -> impl Strategy<Value = Spelling> {
    let scheme = prop::sample::select(vec![("http", 80), ("https", 443), ("ws", 80), ("wss", 443)]);
    let port = prop::option::of(any::<u16>());
    (scheme, host(), port, any::<bool>(), "0{0,2}").prop_flat_map(
        |((scheme, own), host, port, said, zeros)| {
            let (normal, mangled) = match port.filter(|port| *port != own) {
                Some(port) => (format!(":{port}"), format!(":{zeros}{port}")),
                None if said => (String::new(), format!(":{zeros}{own}")),
                None => (String::new(), if zeros.is_empty() { "" } else { ":" }.to_owned()),
            };
            any_case(scheme).prop_map(move |scheme| Spelling {
                normal: format!("{}://{}{normal}", scheme.normal, host.normal),
                mangled: format!("{}://{}{mangled}", scheme.mangled, host.mangled),
            })
        },
    )
}

/// A character of a path or query, which may be written as an escape.
fn character() -> impl Strategy<Value = Spelling> {
    let same = |text: String| Spelling { normal: text.clone(), mangled: text };
    let unreserved = ("[a-zA-Z0-9_~-]", any::<bool>()).prop_map(|(c, escape)| {
        let escaped = format!("%{:02x}", c.as_bytes()[0]);
        Spelling { mangled: if escape { escaped } else { c.clone() }, normal: c }
    });
    let reserved = "[!$&()*+,;=:@]".prop_map(same);
    let needy = ("[é<>\"`{}|^\\[\\]']", any::<bool>()).prop_map(|(c, escape)| {
        let escape_in = |upper: bool| {
            let one = |b: u8| if upper { format!("%{b:02X}") } else { format!("%{b:02x}") };
            c.bytes().map(one).collect::<String>()
        };
        Spelling {
            normal: escape_in(true),
            mangled: if escape { escape_in(false) } else { c.clone() },
        }
    });
    let kept =
        prop::sample::select(vec!["%2F", "%3F", "%25", "%3B", "%00", "%5C"]).prop_map(|escape| {
            Spelling { normal: escape.to_owned(), mangled: escape.to_ascii_lowercase() }
        });
    prop_oneof![8 => unreserved, 1 => reserved, 2 => needy, 1 => kept]
}

fn word(most: usize) -> impl Strategy<Value = Spelling> {
    vec(character(), 0..most).prop_map(|all| Spelling {
        normal: all.iter().map(|one| one.normal.as_str()).collect(),
        mangled: all.iter().map(|one| one.mangled.as_str()).collect(),
    })
}

fn path() -> impl Strategy<Value = Spelling> {
    let dot = prop::sample::select(vec![".", "%2e", "%2E"]);
    let detour =
        (0..4, dot.clone(), dot, "[a-z]{1,2}").prop_map(|(kind, one, two, name)| match kind {
            0 => format!("/{one}"),
            1 => format!("/{name}/{one}{two}"),
            _ => String::new(),
        });
    (vec((detour, word(4)), 0..4), any::<bool>()).prop_map(|(parts, up)| {
        let start = if up { "/.." } else { "" };
        let normal: String = parts.iter().flat_map(|(_, part)| ["/", &part.normal]).collect();
        let mangled: String =
            parts.iter().flat_map(|(detour, part)| [detour, "/", &part.mangled]).collect();
        if normal.is_empty() {
            return Spelling {
                normal: "/".to_owned(),
                mangled: if up { "/../" } else { "" }.to_owned(),
            };
        }
        Spelling { normal, mangled: format!("{start}{mangled}") }
    })
}

fn url() -> impl Strategy<Value = Spelling> {
    let query = prop::option::of(word(4));
    let fragment = prop::option::of("[a-z/.?]{0,4}");
    (origin(), path(), query, fragment).prop_map(|(origin, path, query, fragment)| {
        let (normal, mangled) = match query {
            Some(query) => (format!("?{}", query.normal), format!("?{}", query.mangled)),
            None => Default::default(),
        };
        let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
        Spelling {
            normal: format!("{}{}{normal}", origin.normal, path.normal),
            mangled: format!("{}{}{mangled}{fragment}", origin.mangled, path.mangled),
        }
    })
}

/// What looks like a URL, mostly.
fn soup() -> impl Strategy<Value = String> {
    let scheme = "(https?|wss?|HTTP|ftp|s3|file|x\\+y)";
    let slashes = prop_oneof![8 => Just("://"), 1 => Just(":/"), 1 => Just(":"), 1 => Just(":///")];
    let authority = "([a-zA-Z0-9.@:%_\\[\\]-]{0,6}|[a-z]{1,3}\\.example(:[0-9]{0,5})?|0?x?[0-9a-f]{1,4}(\\.[0-9]{1,3}){0,3})";
    let rest = "([/?#.;%]|%2[eEfF]|%5[cC]|[a-c'é|^ \\\\\\[]){0,10}";
    (scheme, slashes, authority, rest).prop_map(|(scheme, slashes, authority, rest)| {
        format!("{scheme}{slashes}{authority}{rest}")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn two_spellings_get_one_answer(url in url(), glob in "https?://[a-c*.]{1,4}/[a-c*?]{0,3}/?\\*{0,2}") {
        // What hides a way up is refused however it is written.
        let (one, other) = (Operation::new(FETCH, &url.normal), Operation::new(FETCH, &url.mangled));
        let (Ok(one), Ok(other)) = (one, other) else {
            let (one, other) = (target(FETCH, &url.normal), target(FETCH, &url.mangled));
            prop_assert_eq!(one, other, "{:?}", url);
            return Ok(());
        };
        prop_assert_eq!(one.target(), url.normal.as_str());
        prop_assert_eq!(&one, &other, "{}", url.mangled);
        let pattern = pattern(&glob);
        prop_assert_eq!(one.is_within(&pattern), other.is_within(&pattern));
    }

    /// Whoever fetches it, by the standard, fetches what was judged.
    #[test]
    fn what_is_judged_is_what_is_fetched(text in prop_oneof![soup(), url().prop_map(|url| url.mangled)]) {
        let Some(normal) = target(FETCH, &text) else { return Ok(()) };
        let fetched = Url::parse(&text);
        prop_assert!(fetched.is_ok() || text.contains("xn--"), "{:?} {:?}", text, fetched);
        let Ok(fetched) = fetched else { return Ok(()) };
        prop_assert_eq!(target(FETCH, fetched.as_str()), Some(normal.clone()));
        prop_assert_eq!((fetched.username(), fetched.password()), ("", None));
        // And the normal form is one to the other, too.
        prop_assert_eq!(target(FETCH, &normal), Some(normal.clone()));
        let again = Url::parse(&normal).unwrap();
        prop_assert_eq!((again.scheme(), again.port()), (fetched.scheme(), fetched.port()));
        prop_assert_eq!(again.path(), path_of(&normal));
    }

    /// A pattern that says where the host is and no star before its end stays at that host.
    #[test]
    fn a_pattern_stays_at_its_host(url in url(), rest in "/[a-z]{0,2}\\*{0,2}") {
        let Some(normal) = target(FETCH, &url.mangled) else { return Ok(()) };
        let origin = origin_of(&normal);
        let pattern = pattern(&format!("{}{rest}", origin_of(&url.mangled)));
        let Ok(pattern) = pattern.normal(FETCH) else { return Ok(()) };
        let stays = pattern.as_str().strip_prefix(origin).is_some_and(|rest| rest.starts_with('/'));
        prop_assert!(stays, "{pattern} for {origin}");
    }
}

fn origin_of(url: &str) -> &str {
    let start = url.find("://").unwrap() + 3;
    let length = url[start..].find(['/', '?', '#']).unwrap_or(url.len() - start);
    &url[..start + length]
}

fn path_of(normal: &str) -> &str {
    normal[origin_of(normal).len()..].split('?').next().unwrap()
}
