//! The engine with its edge and its time in the test's hands; no runtime but its own.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use graphbit_kernel::error::{Error, Phase};
use graphbit_kernel::http::{Answer, CallSpec, Event, Kind, Last, Rehearsal, Script};
use graphbit_kernel::mailbox::Mailbox;

use crate::rig::{post, stream};

const LONG: Duration = Duration::from_secs(86_400);

fn rehearsal() -> (Rehearsal, Arc<Mailbox>) {
    let made = Rehearsal::new(1, Duration::from_secs(1_700_000_000)).unwrap();
    let mailbox = made.mailbox().unwrap();
    (made, mailbox)
}

fn script(head: &'static str, body: &'static str) -> Script {
    let (repeat, piece, pause, stop, last) = (1, 0, Duration::ZERO, None, Last::Close);
    Script { head: head.into(), body: Bytes::from(body), repeat, piece, pause, stop, last }
}

/// Starts a call, lets its first request come, and answers it.
fn begin(rehearsal: &Rehearsal, mailbox: &Arc<Mailbox>, spec: CallSpec, answer: Answer) -> u64 {
    let call = rehearsal.engine().start(mailbox, spec).unwrap();
    rehearsal.run(LONG);
    let [(number, _)] = rehearsal.requests()[..] else { panic!("not one request") };
    rehearsal.answer(number, answer);
    call
}

/// The next event of the only call.
fn event(rehearsal: &Rehearsal, mailbox: &Mailbox) -> Event {
    rehearsal.run(LONG);
    mailbox.drain().remove(0).1
}

#[test]
fn time_passes_in_run_alone_and_not_while_something_waits_for_the_host() {
    let (rehearsal, mailbox) = rehearsal();
    let reply = script("HTTP/1.1 503 x\r\ncontent-length: 2\r\n\r\n", "no");
    let call = begin(&rehearsal, &mailbox, post("http://test/"), Answer::Bytes(reply));
    assert_eq!(rehearsal.run(LONG), Duration::ZERO);
    assert_eq!(rehearsal.run(LONG), Duration::ZERO, "the reply has not been drained");
    assert!(matches!(event(&rehearsal, &mailbox), Event::Reply { status: 503, .. }));
    assert_eq!(rehearsal.engine().waiting_for_host(), 1);
    rehearsal.engine().retry(call, Kind::Unavailable, Some(Duration::from_secs(30))).unwrap();
    assert_eq!(rehearsal.engine().waiting_for_host(), 0);
    assert_eq!(rehearsal.run(Duration::from_secs(10)), Duration::from_secs(10));
    assert!(rehearsal.requests().is_empty());
    assert!(rehearsal.run(LONG) >= Duration::from_secs(19));
    assert!(matches!(event(&rehearsal, &mailbox), Event::Restart { attempt: 2 }));
}

#[test]
fn a_request_that_is_not_answered_runs_into_the_connect_timeout() {
    let (rehearsal, mailbox) = rehearsal();
    let mut spec = post("http://test/");
    spec.policy.max_attempts = 1;
    rehearsal.engine().start(&mailbox, spec).unwrap();
    rehearsal.run(LONG);
    assert_eq!(rehearsal.requests().len(), 1);
    let Event::Failed { error, .. } = event(&rehearsal, &mailbox) else { panic!("not failed") };
    assert!(matches!(error, Error::Deadline { phase: Phase::Connect, .. }), "{error:?}");
    assert_eq!(rehearsal.engine().in_flight(), 0);
}

#[test]
fn what_is_on_the_wire_is_parsed_as_http_and_a_cut_is_one() {
    let (rehearsal, mailbox) = rehearsal();
    let mut spec = stream("http://test/");
    spec.policy.max_attempts = 1;
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let cut = Script { piece: 1, ..script(head, "9\r\ndata: a\n\n\r\n9\r\ndata") };
    begin(&rehearsal, &mailbox, spec, Answer::Bytes(cut));
    let (mut frames, mut failure) = (Vec::new(), None);
    while failure.is_none() {
        rehearsal.run(LONG);
        for (_, event) in mailbox.drain() {
            match event {
                Event::Open { status, .. } => assert_eq!(status, 200),
                Event::Frames(more) => frames.extend(more.into_iter().map(|frame| frame.data)),
                Event::Failed { error, .. } => failure = Some(error),
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(frames, ["a"]);
    assert!(matches!(failure, Some(Error::Interrupted { phase: Phase::Read, .. })), "{failure:?}");
}

#[test]
fn a_script_that_has_no_answer_ends_the_call_at_once() {
    let (rehearsal, mailbox) = rehearsal();
    begin(&rehearsal, &mailbox, post("http://test/"), Answer::Fault("no reply is left".into()));
    let Event::Failed { error, attempts } = event(&rehearsal, &mailbox) else { panic!("not failed") };
    assert!(matches!(error, Error::Validation { .. }), "{error:?}");
    assert_eq!(attempts, 1);
}
