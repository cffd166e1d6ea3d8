//! Each kind of expectation, met and not.

use std::fmt::Write;

use expect_test::{Expect, expect};

use crate::outcome;

/// What comes of each body.
async fn check(bodies: &[&str], expected: Expect) {
    let mut out = String::new();
    for body in bodies {
        writeln!(out, "{body}\n  => {}", outcome(body).await).unwrap();
    }
    expected.assert_eq(&out);
}

async fn all_pass(bodies: &[&str]) {
    for body in bodies {
        assert_eq!(outcome(body).await, "Passed\n", "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_next_frame() {
    all_pass(&[
        "A open\nA> ping {nonce: 7}\nA< pong re=$A.last session=$A.session !seq !job {nonce: 7}",
        "A open\nA> ping {nonce: x} id=$m\nA< pong | nack re=$m frame=$f $p\ncheck $f.payload is $p",
        "A open\nA start $j = conf.echo [1]\nA< job.completed job=$j seq=(> 1 & $n) {value: [1]}\ncheck $n is 2",
        "A open\nA> test.say {delay: 400, frames: [{}]}\nA< pong within 1s",
    ])
    .await;
    check(
        &[
            "A open\nA> ping {nonce: 7}\nA< pong re=$A.last {nonce: 8}",
            "A open\nA> ping\nA< pong re=\"msg_other\"",
            "A open\nA> ping\nA< pong !re",
            "A open\nA> ping\nA< pong seq=1",
            "A open\nA> what\nA< pong",
            "A open\nA< pong within 200ms",
            "A open\nA> test.say {frames: [\"no JSON\"]}\nA< pong",
            "A open\nA> test.close\nA< pong",
            "A open\nA> test.break\nA< pong",
            "A< pong",
            "A open as dave",
        ],
        expect![[r#"
            A open
            A> ping {nonce: 7}
            A< pong re=$A.last {nonce: 8}
              => Failed
            line 3: A< pong re=$A.last {nonce: 8}
                payload.nonce: wanted 8, found 7

            A open
            A> ping
            A< pong re="msg_other"
              => Failed
            line 3: A< pong re="msg_other"
                frame.correlation_id: wanted "msg_other", found "msg_*"

            A open
            A> ping
            A< pong !re
              => Failed
            line 3: A< pong !re
                frame.correlation_id: wanted that it is absent, found "msg_*"

            A open
            A> ping
            A< pong seq=1
              => Failed
            line 3: A< pong seq=1
                frame.event_seq: wanted it, found nothing

            A open
            A> what
            A< pong
              => Failed
            line 3: A< pong
                type: wanted "pong", found "nack" {"code":"UNIMPLEMENTED","message":"\"what\""}

            A open
            A< pong within 200ms
              => Failed
            line 2: A< pong within 200ms
                nothing came within 200 ms

            A open
            A> test.say {frames: ["no JSON"]}
            A< pong
              => Failed
            line 3: A< pong
                no JSON object came, but no JSON
            R6.1-1 broken, 1 times: `arcp` is missing or no text

            A open
            A> test.close
            A< pong
              => Failed
            line 3: A< pong
                the connection ended: the peer closed

            A open
            A> test.break
            A< pong
              => Failed
            line 3: A< pong
                the connection ended: the connection broke

            A< pong
              => Failed
            line 1: A< pong
                client A is not connected

            A open as dave
              => Failed
            line 1: A open as dave
                nobody has a token as `dave`

        "#]],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn some_frame_to_come() {
    all_pass(&[
        "A open\nA> ping {nonce: 1}\nA> ping {nonce: 2}\nA<~ pong {nonce: 2}\nA< nothing",
        "A open\nA skip pong\nA> ping\nA> what\nA< nack",
    ])
    .await;
    check(
        &[
            "A open\nA> ping {nonce: 1}\nA> ping {nonce: 2}\nA<~ pong {nonce: 3} within 1s",
            "A open\nA> ping\nA> test.close\nA<~ nack",
        ],
        expect![["
            A open
            A> ping {nonce: 1}
            A> ping {nonce: 2}
            A<~ pong {nonce: 3} within 1s
              => Failed
            line 4: A<~ pong {nonce: 3} within 1s
                it did not come within 1000 ms, but 2 others; the closest: payload.nonce: wanted 3, found 2

            A open
            A> ping
            A> test.close
            A<~ nack
              => Failed
            line 4: A<~ nack
                the connection ended: the peer closed

        "]],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn nothing() {
    all_pass(&[
        "A open\nA< nothing\nA< nothing for 10s",
        "A open\nA> test.say {delay: 500, frames: [{}]}\nA< nothing for 400ms\nA< pong",
    ])
    .await;
    check(
        &[
            "A open\nA> what\nA< nothing",
            "A open\nA> test.say {delay: 500, frames: [{}]}\nA< nothing for 600ms",
            "A open\nA> test.close\nA< nothing for 600ms",
            "A open\nA> test.close\nA< nothing",
        ],
        expect![["
            A open
            A> what
            A< nothing
              => Failed
            line 3: A< nothing
                wanted nothing, but `nack` came

            A open
            A> test.say {delay: 500, frames: [{}]}
            A< nothing for 600ms
              => Failed
            line 3: A< nothing for 600ms
                wanted nothing, but `pong` came

            A open
            A> test.close
            A< nothing for 600ms
              => Failed
            line 3: A< nothing for 600ms
                the connection ended: the peer closed

            A open
            A> test.close
            A< nothing
              => Failed
            line 3: A< nothing
                the connection ended: the peer closed

        "]],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_end() {
    all_pass(&[
        "A open\nA> test.close\nA< closed",
        "A open\nA> test.break\nA< closed within 1s",
        "A open\nA> test.close\nA< closed code=null",
        "A open\nA> ping\nA> what\nA> test.close\nA<~ closed code=null",
        "A open\nA> test.say {delay: 400}\nA> test.close\nA< closed within 1s",
        "A open\nA> ping {nonce: 1}\nA< pong {nonce: $x}\nforget $x\nA> ping {nonce: 2}\nA< pong {nonce: $x}",
        "A open\nA> test.close\nA< closed\nA> ping\nA drop\nA open",
    ])
    .await;
    check(
        &[
            "A open\nA< closed within 1s",
            "A open\nA> ping\nA< closed",
            "A open\nA> test.close\nA< closed code=1009",
            "A open\nA> ping\nA<~ closed within 1s",
        ],
        expect![["
            A open
            A< closed within 1s
              => Failed
            line 2: A< closed within 1s
                the connection is still open

            A open
            A> ping
            A< closed
              => Failed
            line 3: A< closed
                wanted nothing, but `pong` came

            A open
            A> test.close
            A< closed code=1009
              => Failed
            line 3: A< closed code=1009
                close code: wanted 1009, found null (the peer closed)

            A open
            A> ping
            A<~ closed within 1s
              => Failed
            line 3: A<~ closed within 1s
                the connection is still open

        "]],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn any_order() {
    all_pass(&[
        "A open\nB open\nA> what\nA> ping {nonce: 1}\nB> ping {nonce: 2}\n\
         unordered {\nA< pong {nonce: 1}\nB< pong {nonce: $two}\nA< nack\n}\ncheck $two is 2",
        "A open\ntogether {\nA> ping {nonce: 1}\nA> ping {nonce: 2}\n}\n\
         unordered {\nA< pong {nonce: $x}\nA< pong {nonce: not $x}\n}",
        "A open\nB open\ntogether {\nrepeat 2 {\nA> ping {nonce: $n}\nB> ping {nonce: \"b${n}\"}\n}\nA> what\n}\n\
         repeat 2 {\nA< pong {nonce: $n}\nB< pong {nonce: \"b${n}\"}\n}\nA< nack\nA< nothing",
    ])
    .await;
    check(
        &[
            "A open\nA> what\nA> ping\nunordered {\nA< pong {nonce: 1}\nA< nack\n}",
            "A open\nA> what\nunordered {\nA< nack\nA< pong within 1s\n}",
            "A open\nA> test.close\nunordered {\nA< nack\n}",
        ],
        expect![["
            A open
            A> what
            A> ping
            unordered {
            A< pong {nonce: 1}
            A< nack
            }
              => Failed
            line 4: unordered {
                a frame is none of those wanted: line 7: payload.nonce: wanted 1, found null

            A open
            A> what
            unordered {
            A< nack
            A< pong within 1s
            }
              => Failed
            line 3: unordered {
                nothing more came, still wanted: A< pong within 1s

            A open
            A> test.close
            unordered {
            A< nack
            }
              => Failed
            line 3: unordered {
                the connection ended: the peer closed

        "]],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn values() {
    all_pass(&[
        "let $x = {a: [1, {b: two}]}\ncheck $x.a.1.b is two",
        "A open\nlet $old = $A.opened\nA> open\nA< session.accepted $A.opened & $old",
        "A open\nrepeat 3 {\nA> ping {nonce: $n}\nA< pong {nonce: $n}\n}\ncheck $n is 3",
        "A open\nrepeat 2 {\nA start $j = conf.echo $n\nA< job.completed job=$j {value: $n}\n}",
        "A open capabilities={extensions: [x]} client={kind: k}",
    ])
    .await;
    check(
        &[
            "let $x = $y",
            "check 1 is 2",
            "A open\nA> ping {nonce: $none}",
            "A open\nrepeat 3 {\nA> ping {nonce: $n}\nA< pong {nonce: < 2}\n}",
            "secret $none   # why not",
            "check {a: \"x # y\"} is {  # first\n  a: 1,  # second\n}",
        ],
        expect![[r#"
            let $x = $y
              => Failed
            line 1: let $x = $y
                `$y` has no value

            check 1 is 2
              => Failed
            line 1: check 1 is 2
                value: wanted 2, found 1

            A open
            A> ping {nonce: $none}
              => Failed
            line 2: A> ping {nonce: $none}
                `$none` has no value

            A open
            repeat 3 {
            A> ping {nonce: $n}
            A< pong {nonce: < 2}
            }
              => Failed
            line 4: A< pong {nonce: < 2}
                payload.nonce: wanted < 2, found 2

            secret $none   # why not
              => Failed
            line 1: secret $none
                `$none` has no text to be secret

            check {a: "x # y"} is {  # first
              a: 1,  # second
            }
              => Failed
            line 1: check {a: "x # y"} is { a: 1, }
                value.a: wanted 1, found "x # y"

        "#]],
    )
    .await;
}
