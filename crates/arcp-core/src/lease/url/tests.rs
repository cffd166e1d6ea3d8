//! URLs and globs over them, one by one.

use super::*;

#[test]
fn a_url_has_one_spelling() {
    for (url, wanted) in [
        ("https://a.example", "https://a.example/"),
        ("https://a.example?q", "https://a.example/?q"),
        ("HTTP://A.Example./X", "http://a.example/X"),
        ("https://a.example:443/", "https://a.example/"),
        ("https://a.example:/", "https://a.example/"),
        ("http://a.example:0080/", "http://a.example/"),
        ("ws://a.example:443/", "ws://a.example:443/"),
        ("wss://a.example:00443", "wss://a.example/"),
        ("https://a.example/a/./b/../c/..", "https://a.example/a/"),
        ("https://a.example/../../etc", "https://a.example/etc"),
        ("https://a.example/a/%2E%2e/%2e/b", "https://a.example/b"),
        ("https://a.example/a//../b", "https://a.example/a/b"),
        ("https://a.example//b/", "https://a.example//b/"),
        ("https://a.example/%41%7e%2f%c3%a9", "https://a.example/A~%2F%C3%A9"),
        (
            "https://a.example/é<>\"[^]`{|}'",
            "https://a.example/%C3%A9%3C%3E%22%5B%5E%5D%60%7B%7C%7D%27",
        ),
        ("https://a.example/a%2fb", "https://a.example/a%2Fb"),
        ("https://a.example/%252e%252e/b", "https://a.example/%252e%252e/b"),
        ("https://a.example/x?to=/../y#/../z", "https://a.example/x?to=/../y"),
        ("https://a.example/x?%2f%41", "https://a.example/x?%2FA"),
        ("https://a.example/x?", "https://a.example/x?"),
        ("http://127.1/", "http://127.0.0.1/"),
        ("http://0x7f.0.0.01:80", "http://127.0.0.1/"),
        ("http://2130706433/", "http://127.0.0.1/"),
        ("http://017700000001./", "http://127.0.0.1/"),
        ("http://[0:0:0:0:0:0:0:1]:80/", "http://[::1]/"),
        ("http://[2001:DB8::0]/", "http://[2001:db8::]/"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
        ("https://_dmarc.a-b.example/", "https://_dmarc.a-b.example/"),
        ("s3://Bucket/a/../b", "s3://Bucket/b"),
        ("S3://bucket", "s3://bucket/"),
    ] {
        assert_eq!(normal(url).as_deref(), Ok(wanted), "{url}");
        assert_eq!(normal(wanted).as_deref(), Ok(wanted));
    }
}

#[test]
fn what_has_two_readings_is_refused() {
    for url in [
        "",
        "a.example/x",
        "//a.example/x",
        "/x",
        "https:a.example",
        "https:/a.example",
        "https:///a.example",
        "1https://a.example/",
        "ht tps://a.example/",
        "mailto:a@a.example",
        "data:text/plain,x",
        "file:///etc/passwd",
        "FILE://localhost/etc/passwd",
        "https://",
        "https://?x",
        "https://:443/",
        "https://@a.example/",
        "https://a@b.example/",
        "https://a:b@b.example/",
        "https://a.example:x/",
        "https://a.example:65536/",
        "https://a.example:-1/",
        "https://a.example:80:80/",
        "https://a..example/",
        "https://./",
        "https://a.example../",
        "https://bücher.example/",
        "https://a%2eexample/",
        "https://a.example\u{3002}/",
        "https://a*b/",
        "http://1.2.3.256/",
        "http://1.2.3.4.5/",
        "http://08/",
        "http://a.0x/",
        "http://99999999999999999999/",
        "http://0xffffffffffffffffffff/",
        "http://[::1/",
        "http://::1/",
        "http://[::1]x/",
        "http://[fe80::1%25eth0]/",
        "s3:///x",
        "s3://a b/x",
        " https://a.example/",
        "https://a.example/ ",
        "https://a.example/a\tb",
        "https://a.example/\0",
        "https://a.example\\@b.example/",
        "https://a.example/a\\..\\b",
        "https://a.example/%",
        "https://a.example/%2",
        "https://a.example/%zz",
        "https://a.example/?%g0",
        "https://a.example/a/..%2fb",
        "https://a.example/a/x%2F%2e%2E%5cb",
        "https://a.example/a/..;x/b",
        "https://a.example/a/.;/b",
    ] {
        assert!(normal(url).is_err(), "{url:?} became {:?}", normal(url));
    }
}

#[test]
fn a_glob_over_urls_is_brought_to_normal_form() {
    for (glob, wanted) in [
        ("**", "**"),
        ("**/x", "**/x"),
        ("https://a.example", "https://a.example/"),
        ("HTTPS://A.Example.:443/Pub/**", "https://a.example/Pub/**"),
        ("https://*.Example.com:0443/*", "https://*.example.com/*"),
        ("https://**", "https://**"),
        ("https://api.**", "https://api.**"),
        ("https://**/x", "https://**/x"),
        ("http*://a.example/", "http*://a.example/"),
        ("http?://a.example/x?y=1", "http?://a.example/x?y=1"),
        ("http://localhost:*/**", "http://localhost:*/**"),
        ("http://[::0001]:80/*", "http://[::1]/*"),
        ("http://0x7f.1/**", "http://127.0.0.1/**"),
        ("https://a.example/é/%c3%a9/%7euser/*", "https://a.example/%C3%A9/%C3%A9/~user/*"),
        ("s3://Example/**", "s3://Example/**"),
        ("*://a.example/**", "*://a.example/**"),
    ] {
        assert_eq!(normal_glob(glob).as_deref(), Ok(wanted), "{glob}");
        assert_eq!(normal_glob(wanted).as_deref(), Ok(wanted));
    }
}

#[test]
fn a_glob_that_means_nothing_or_more_than_it_seems_is_refused() {
    for glob in [
        "*",
        "r",
        "/v1/**",
        "a.example/**",
        "https:/a.example/**",
        "https://",
        "https:///x",
        "https://*",
        "https://a.example*",
        "https://a.example?x=1",
        "https://a.example:*",
        "https://a.example:8x/",
        "https://*.example.com./x",
        "https://a@b.example/**",
        "https://*@b.example/**",
        "https://bücher.example/**",
        "https://*.bücher.example/**",
        "https://**.example.com/**",
        "https://a**b/**",
        "**://a.example/**",
        "*://A.example/**",
        "file:///etc/**",
        "https://a.example/a/../b/**",
        "https://a.example/**/../b",
        "https://a.example/**/%2e%2e/b",
        "https://a.example/..%2f/**",
        "https://a.example/a#b",
        "https://a.example/a b",
        "https://a.example\\**",
        "https://a.example/%2*",
        "https://a.example/%",
    ] {
        assert!(normal_glob(glob).is_err(), "{glob:?} became {:?}", normal_glob(glob));
    }
}
