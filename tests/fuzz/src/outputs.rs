//! Frames of a runtime: our client reads them; our runtime says what was read, and that is read again.

use arcp_core::{Command, Frame, Issued, JobId, MessageId, Notice, OnClose, Output, Reply};
use arcp_wire::{CommandEncoder, Decoded, Dialect, OutputDecoder};

use super::question;
use super::session::{NO_TIME, accepted, answer, is_sound, lines, look, text_of};

pub(super) fn check(dialect: &dyn Dialect, data: &[u8]) {
    let (mut hearer, mut asker) = dialect.client_codec();
    for (number, line) in lines(data).enumerate() {
        ask_all(&mut *asker, number, line);
        let mut next = Some(hearer.decode(&Frame::text(line.to_vec())));
        while let Some(decoded) = next {
            look(&decoded);
            if let Decoded::Message(output) = &decoded {
                asker.observe(output);
                if !is_marked(output) {
                    again(dialect, output);
                }
            }
            next = hearer.more().map(Decoded::Message);
        }
    }
}

/// Whether it has a cursor of another runtime's, which is marked for its client alone.
fn is_marked(output: &Output) -> bool {
    let Output::Reply { reply: Reply::Jobs(page), .. } = output else { return false };
    page.next.as_ref().is_some_and(|next| next.as_str().starts_with("job_~"))
}

/// Asks everything that such a frame can answer.
fn ask_all(asker: &mut dyn CommandEncoder, number: usize, line: &[u8]) {
    let mut all = vec![question::open(), question::submit(), Command::ListJobs(Box::default())];
    if let Some(job) = text_of(line, "job_id").and_then(|id| JobId::parse(id).ok()) {
        all.push(question::watch(&job));
        all.push(question::cancel(job.as_str()));
    }
    all.extend(text_of(line, "ping_nonce").map(question::ping));
    all.push(Command::Close { reason: None, jobs: OnClose::Wait });
    for (which, command) in all.into_iter().enumerate() {
        let id = MessageId::parse(&format!("msg_{number}_{which}")).unwrap();
        ask(asker, &id, command);
    }
}

fn ask(asker: &mut dyn CommandEncoder, id: &MessageId, command: Command) {
    let issued = Issued { id: id.clone(), at: NO_TIME, trace: None, command };
    asker.encode(&issued, &mut Vec::new());
}

/// Says it, reads it, says that: after the first time, in which something may be lost that this dialect
/// has no words for, nothing changes any more.
fn again(dialect: &dyn Dialect, first: &Output) {
    let once = said(dialect, first);
    let second = heard(dialect, first, &once);
    let twice: Vec<_> = second.iter().flat_map(|output| said(dialect, output)).collect();
    let third: Vec<_> =
        second.iter().flat_map(|output| heard(dialect, output, &said(dialect, output))).collect();
    assert_eq!(second, third, "of {first:?}");
    let thrice: Vec<_> = third.iter().flat_map(|output| said(dialect, output)).collect();
    assert_eq!(twice, thrice, "of {first:?}");
}

fn said(dialect: &dyn Dialect, output: &Output) -> Vec<Frame> {
    let (_, mut writer) = dialect.runtime_codec();
    if !is_opening(output) {
        let session = Box::new(accepted(b""));
        let to = MessageId::parse("msg_0").unwrap();
        writer.encode(&answer(&to, Reply::Accepted(session)), &mut Vec::new());
    }
    let mut frames = Vec::new();
    writer.encode(output, &mut frames);
    frames.iter().for_each(is_sound);
    frames
}

/// Whether it is said where there is no session.
fn is_opening(output: &Output) -> bool {
    match output {
        Output::Reply { reply, .. } => matches!(
            reply,
            Reply::Accepted(_)
                | Reply::Resumed(_)
                | Reply::Challenged { .. }
                | Reply::Unauthenticated(_)
                | Reply::Rejected(_)
                | Reply::Premature(_)
        ),
        Output::Notice { notice, .. } => matches!(notice, Notice::Premature(_)),
        Output::Event(_) | Output::Observed(_) => false,
    }
}

/// What a client makes of it that has asked for it.
fn heard(dialect: &dyn Dialect, output: &Output, frames: &[Frame]) -> Vec<Output> {
    let (mut hearer, mut asker) = dialect.client_codec();
    if let Output::Reply { to, reply, .. } = output
        && let Some(command) = question::question(reply)
    {
        ask(&mut *asker, to, command);
    }
    frames.iter().flat_map(|frame| hear(&mut *hearer, frame)).collect()
}

fn hear(hearer: &mut dyn OutputDecoder, frame: &Frame) -> Vec<Output> {
    let mut heard = match hearer.decode(frame) {
        Decoded::Message(output) => vec![output],
        other => panic!("{other:?} of {frame:?}"),
    };
    while let Some(more) = hearer.more() {
        heard.push(more);
    }
    heard
}
