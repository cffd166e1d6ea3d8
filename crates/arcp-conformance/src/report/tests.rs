//! Reports, from a run that is made up.

use expect_test::expect;

use super::*;

fn outcome(name: &str, covers: &str, end: RunEnd, expected: &Expected) -> Outcome {
    let text = format!("title: The title of {name}\ncovers: {covers}\nA open\n");
    let scenario = Scenario::parse(name, &text).unwrap();
    let mut outcome = Outcome::of_run(&scenario, end, expected, Instant::now());
    outcome.seconds = 0.5;
    outcome
}

fn failed() -> RunEnd {
    let failure = Failure {
        file: "open/x.scn".to_owned(),
        line: 7,
        step: "A< pong".to_owned(),
        message: "type: wanted \"pong\", found \"<&>\"".to_owned(),
        transcript: vec!["     1 ms A> ping {}".to_owned(), "     2 ms A< <&> {}".to_owned()],
    };
    RunEnd { failure: Some(failure), broken: Vec::new() }
}

fn broken(requirement: &str) -> RunEnd {
    let broken = Broken {
        requirement: requirement.to_owned(),
        message: "`pong` is no event and has event_seq 1".to_owned(),
        times: 3,
        transcript: vec!["     1 ms A< pong event_seq=1 {}".to_owned()],
    };
    RunEnd { failure: None, broken: vec![broken] }
}

fn requirements() -> Requirements {
    let one = |id: &str, level: &str| {
        format!(
            "[[requirement]]\nid = \"{id}\"\nsection = \"1\"\nlevel = \"{level}\"\ntext = \"What {id} | says.\"\n"
        )
    };
    let text = [
        one("R1-1", "MUST"),
        one("R1-2", "SHOULD"),
        one("R1-3", "MAY"),
        one("R1-4", "MUST"),
        one("R6.1-1", "MUST"),
        one("M3-2", "MUST"),
    ];
    Requirements::parse(&text.concat()).unwrap()
}

fn report(expected: &str) -> Report {
    let plan = Plan { expected: Expected::parse(expected).unwrap(), ..Plan::default() };
    let not_run = {
        let scenario = Scenario::parse("open/d", "title: d\ncovers: R1-3\nA open\n").unwrap();
        let why = Some("the target has no agent `conf.x`".to_owned());
        Outcome::of(&scenario, Status::NotRun, why, RunEnd::default(), Instant::now())
    };
    let mut outcomes = vec![
        outcome("open/a", "R1-1", RunEnd::default(), &plan.expected),
        outcome("open/b", "R1-1 R1-2", failed(), &plan.expected),
        outcome("open/c", "R1-2", broken("M3-2"), &plan.expected),
        not_run,
    ];
    outcomes[3].seconds = 0.0;
    let open = crate::dialect::by_name("open").unwrap();
    let target = "a target".to_owned();
    let mut report = Report::new(open, target, &requirements(), outcomes, &plan, Instant::now());
    report.seconds = 1.5;
    report
}

#[test]
fn for_people() {
    let report = report("");
    assert!(!report.is_good() && !report.is_complete());
    expect![[r#"

        FAILED     0.50 s  open/b
          The title of open/b
          open/x.scn:7: A< pong
            type: wanted "pong", found "<&>"
            R1-1 (§1, MUST): What R1-1 | says.
            R1-2 (§1, SHOULD): What R1-2 | says.
            |      1 ms A> ping {}
            |      2 ms A< <&> {}

        FAILED     0.50 s  open/c
          The title of open/c
          broken (3 times): `pong` is no event and has event_seq 1
            M3-2 (§1, MUST): What M3-2 | says.
            |      1 ms A< pong event_seq=1 {}

        1 passed, 2 failed, 0 known failures, 1 not run, in 1.5 s
    "#]]
    .assert_eq(&report.to_text());
}

#[test]
fn for_ci() {
    expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuite name="arcp-conformance open" tests="4" failures="2" skipped="1" time="1.500">
          <testcase classname="open" name="a" time="0.500"/>
          <testcase classname="open" name="b" time="0.500">
            <failure message="open/x.scn:7: type: wanted &quot;pong&quot;, found &quot;&lt;&amp;&gt;&quot;">     1 ms A&gt; ping {}
             2 ms A&lt; &lt;&amp;&gt; {}</failure>
          </testcase>
          <testcase classname="open" name="c" time="0.500">
            <failure message="M3-2: `pong` is no event and has event_seq 1">     1 ms A&lt; pong event_seq=1 {}</failure>
          </testcase>
          <testcase classname="open" name="d" time="0.000">
            <skipped message="the target has no agent `conf.x`"/>
          </testcase>
        </testsuite>
    "#]].assert_eq(&report("").to_junit());
}

#[test]
fn for_a_document() {
    let mut other = report("");
    other.target = "another".to_owned();
    for one in &mut other.requirements {
        one.state = RequirementState::Untested;
    }
    other.requirements.pop();
    other.requirements[1].reasons = vec!["not built".to_owned(), "nor planned".to_owned()];
    expect![[r"
        | scenarios | passed | failed | known failures | not run |
        |---|---|---|---|---|
        | a target | 1 | 2 | 0 | 1 |
        | another | 1 | 2 | 0 | 1 |

        | requirement | section | level | what | a target | another |
        |---|---|---|---|---|---|
        | R1-1 | 1 | MUST | What R1-1 \| says. | **no** | - |
        | R1-2 | 1 | SHOULD | What R1-2 \| says. | **no** | - |
        | R1-3 | 1 | MAY | What R1-3 \| says. | not run | - |
        | R1-4 | 1 | MUST | What R1-4 \| says. | - | - |
        | R6.1-1 | 1 | MUST | What R6.1-1 \| says. | yes | - |
        | M3-2 | 1 | MUST | What M3-2 \| says. | **no** | - |

        What is known to fail of another, and why:

        - R1-2: not built; nor planned
    "]]
    .assert_eq(&report("").to_markdown(Some(&other)));
    assert!(!report("").to_markdown(None).contains("other"));
}

#[test]
fn json_comes_back_as_it_went() {
    let json = report("").to_json().unwrap();
    let again = Report::from_json(&json).unwrap();
    assert_eq!(again.to_json().unwrap(), json);
    assert_eq!(again.summary, Summary { passed: 1, failed: 2, known: 0, not_run: 1 });
    assert!(Report::from_json("{}").is_err());
}

#[test]
fn known_failures_are_no_failures() {
    let report = report("open/b # why\nM3-2\n\n# nothing else\n");
    assert_eq!(report.summary, Summary { passed: 2, failed: 0, known: 1, not_run: 1 });
    assert!(report.is_good());
    let state = |id: &str| report.requirement(id).unwrap().state;
    assert_eq!(state("M3-2"), RequirementState::Failed, "known, but failed all the same");
}

#[test]
fn a_requirement_excuses_the_scenarios_about_it() {
    let listed = report("R1-2 # not built\nM3-2 # numbers replies\n");
    assert_eq!(listed.summary, Summary { passed: 2, failed: 0, known: 1, not_run: 1 });
    assert!(listed.is_good());
    assert_eq!(listed.scenarios[1].reason.as_deref(), Some("not built"));
    let of = |id: &str| listed.requirement(id).unwrap();
    assert_eq!(of("R1-2").state, RequirementState::Failed);
    assert_eq!(of("R1-2").reasons, ["not built"]);
    assert_eq!(of("R1-1").state, RequirementState::Passed, "its scenario failed for another one");
    assert_eq!(of("M3-2").reasons, ["numbers replies"]);
}

#[test]
fn a_scenario_may_fail_for_what_it_does_not_cover() {
    let listed = report("open/b R1-4 # it is about that\nM3-2\n");
    assert!(listed.is_good());
    let of = |id: &str| listed.requirement(id).unwrap();
    assert_eq!(of("R1-1").state, RequirementState::Passed, "by its other scenario");
    assert_eq!(of("R1-4").state, RequirementState::Failed);
    assert_eq!(of("R1-4").reasons, ["it is about that"]);
    assert_eq!(listed.scenarios[1].reason.as_deref(), Some("it is about that"));
}

#[test]
fn a_requirement_does_not_excuse_what_is_broken_beside_it() {
    let mut end = failed();
    end.broken = broken("M3-2").broken;
    let expected = Expected::parse("R1-1\n").unwrap();
    assert_eq!(outcome("open/x", "R1-1", end, &expected).status, Status::Failed);
    let expected = Expected::parse("open/x\n").unwrap();
    let known = outcome("open/x", "R1-1", broken("M3-2"), &expected);
    assert_eq!(known.status, Status::KnownFailure);
    assert_eq!(known.says_of("R1-1", &[]), Some(RequirementState::Passed));
}

#[test]
fn a_requirement_that_is_met_is_no_excuse() {
    let listed = report("open/b\nM3-2\nR1-1\nR1-3\nR1-4\n");
    assert_eq!(listed.stale, ["R1-1"], "R1-3 was not run, and nothing is about R1-4");
}

#[test]
fn a_known_failure_that_passes_is_one() {
    let listed = report("open/a\nopen/b\nM3-2\n");
    assert_eq!(listed.scenarios[0].status, Status::UnexpectedPass);
    assert!(!listed.is_good());
    let rule = report("open/b\nM3-2\nR6.1-1\n");
    assert_eq!(rule.stale, ["R6.1-1"]);
    assert!(!rule.is_good());
    assert!(report("open/b\nM3-2\nopen/d\n").is_good(), "what is not run is neither");
}

#[test]
fn a_list_of_known_failures_has_a_name_a_line() {
    for wrong in ["open/a\nopen/b because\n", "open/a R1-1\nR1-1 R1-2"] {
        let error = Expected::parse(wrong).unwrap_err();
        assert!(error.to_string().starts_with("line 2: "), "{error}");
    }
}
