//! A justification is anybody's text, up to 4,096 characters of it. It is shown, and stays text.

use crate::open::{BEN, open_for, stage};

/// Everything that has ever broken out of somewhere, filled up to the limit.
fn hostile() -> String {
    let parts = [
        "</blockquote></dd><script>alert(1)</script><img src=x onerror=alert(2)>\r\nBcc: eve@example.org\r\n\r\n",
        "<form method=post action=https://evil.example><button>Approve</button></form>\" ' ` {{7*7}} ${7*7} %0d%0a",
        "\u{202e}txt.exe\u{2066}\u{200b}\u{feff}\u{0}\u{7}\u{1b}[31m\u{85}\u{2028}\u{2029}\tZ\u{335}\u{321}\u{327}algo ",
        "שלום 調査 👩‍🔧 é\u{301} &lt;b&gt; &#x3c; <!-- --> <![CDATA[ ]]> \u{e0041}\u{fffe} ",
    ];
    let text: String = parts.concat().chars().cycle().take(4096).collect();
    assert_eq!(text.chars().count(), 4096);
    text
}

#[test]
fn a_hostile_justification_is_text_in_the_page_and_in_the_mail() {
    let open = open_for("payments-read", &hostile(), BEN);
    let page = stage().http.get(&open.link).unwrap();
    assert_eq!(page.status, 200);
    for html in [&page.body, &open.mail.body_html] {
        is_only_text(html);
        assert!(html.contains("שלום 調査 👩‍🔧"), "what is harmless is shown as it is");
    }
    assert_eq!(page.body.matches("<form").count(), 1, "our own");
    assert_eq!(page.body.matches("<button").count(), 2, "our own");
    assert!(!page.body.contains("eve@example.org\r\n"));
    let told = open.session.look(&open.id).unwrap();
    assert_eq!(told["justification"].as_str().unwrap(), hostile(), "kept exactly as it was written");
}

fn is_only_text(html: &str) {
    for broken_out in ["<script", "<img", "</blockquote></dd><", "<!--", "<![CDATA[", "onerror=alert(2)>"] {
        assert!(!html.contains(broken_out), "{broken_out} has broken out");
    }
    for invisible in
        ['\u{202e}', '\u{2066}', '\u{200b}', '\u{feff}', '\u{0}', '\u{7}', '\u{1b}', '\u{2028}', '\u{e0041}']
    {
        assert!(!html.contains(invisible), "{invisible:?} got through");
    }
}

#[test]
fn the_mail_has_a_subject_of_one_line_one_recipient_and_one_link() {
    let open = open_for("payments-read", &hostile(), BEN);
    let (subject, text) = (&open.mail.subject, &open.mail.body_text);
    assert!(subject.starts_with("Approve? ") && subject.chars().count() <= 150, "{subject:?}");
    assert!(!subject.contains(['\r', '\n', '\u{2028}', '\u{85}']), "{subject:?}");
    assert!(!subject.contains("evil"), "nothing of the justification: {subject:?}");
    assert_eq!(open.mail.to, [BEN]);
    assert_eq!(text.matches("/approvals/").count(), 1);
    let quoted = |line: &&str| line.contains("Bcc:") || line.contains("evil.example");
    assert!(text.lines().filter(quoted).all(|line| line.starts_with("  | ")), "in its place:\n{text}");
    assert!(text.lines().any(|line| line.contains("Bcc:")), "and not swallowed");
}

#[test]
fn a_letter_more_than_allowed_is_refused() {
    let session = stage().sign_in(&stage().another("ana").unwrap()).unwrap();
    let too_long = session.request("payments-read", "5m", &(hostile() + "x"));
    assert!(too_long.is_err_and(|error| error.is_refusal("invalid-field")));
    assert!(session.request("payments-read", "5m", &"\u{1f511}".repeat(4096)).is_ok());
}
