//! Splits Rust source in two texts of the same lines: its code without the contents of literals,
//! and its comments. So a rule about code does not trip over a comment or a string, nor the
//! other way round.

pub(crate) struct Layers {
    pub(crate) code: String,
    pub(crate) comments: String,
}

impl Layers {
    pub(crate) fn of(source: &str) -> Self {
        let nothing = Self { code: String::new(), comments: String::new() };
        let mut scan = Scan { rest: source, layers: nothing };
        while let Some(next) = scan.rest.chars().next() {
            scan.token(next);
        }
        scan.layers
    }
}

struct Scan<'a> {
    rest: &'a str,
    layers: Layers,
}

impl Scan<'_> {
    fn token(&mut self, next: char) {
        if self.rest.starts_with("//") {
            self.comment(self.rest.find('\n').unwrap_or(self.rest.len()));
        } else if self.rest.starts_with("/*") {
            self.comment(block_comment(self.rest));
        } else if next == '"' {
            self.literal(quoted(self.rest, '"'));
        } else if next == '\'' {
            self.quote();
        } else if is_word(next) {
            self.word();
        } else {
            self.code(next.len_utf8());
        }
    }

    /// A name, a number, or the prefix of a raw string.
    fn word(&mut self) {
        let end = self.rest.find(|next| !is_word(next)).unwrap_or(self.rest.len());
        let (word, after) = self.rest.split_at(end);
        let raw = matches!(word, "r" | "br" | "cr").then(|| raw_string(after)).flatten();
        self.code(end);
        if let Some(len) = raw {
            self.literal(len);
        }
    }

    /// A character, or the mark of a lifetime.
    fn quote(&mut self) {
        let mut inside = self.rest.chars().skip(1);
        let escaped = inside.next() == Some('\\');
        if escaped || inside.next() == Some('\'') {
            self.literal(quoted(self.rest, '\''));
        } else {
            self.code(1);
        }
    }

    fn code(&mut self, len: usize) {
        let text = self.take(len);
        self.layers.code.push_str(text);
        self.layers.comments.extend(text.chars().map(blank));
    }

    fn comment(&mut self, len: usize) {
        let text = self.take(len);
        self.layers.comments.push_str(text);
        self.layers.code.extend(text.chars().map(blank));
    }

    fn literal(&mut self, len: usize) {
        let text = self.take(len);
        self.layers.code.extend(text.chars().map(blank));
        self.layers.comments.extend(text.chars().map(blank));
    }
}

impl<'a> Scan<'a> {
    fn take(&mut self, len: usize) -> &'a str {
        let (text, rest) = self.rest.split_at(len);
        self.rest = rest;
        text
    }
}

/// The length of the block comment that `text` starts with. They nest.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of the literal in quotes that `text` starts with.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, next) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if next == '\\' {
            escaped = true;
        } else if next == quote {
            return at + 1;
        }
    }
    text.len()
}

/// The length of the raw string that `text` starts with, from its first hash or quote.
fn raw_string(text: &str) -> Option<usize> {
    let hashes = text.len() - text.trim_start_matches('#').len();
    let body = text.get(hashes..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let len = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(hashes + 1 + len)
}

fn is_word(next: char) -> bool {
    next.is_alphanumeric() || next == '_'
}

fn blank(next: char) -> char {
    if next == '\n' { '\n' } else { ' ' }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of both layers.
    fn words(source: &str) -> (String, String) {
        let layers = Layers::of(source);
        let lines = |text: &str| text.matches('\n').count();
        assert_eq!(lines(&layers.code), lines(source));
        assert_eq!(lines(&layers.comments), lines(source));
        let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        (squeeze(&layers.code), squeeze(&layers.comments))
    }

    #[test]
    fn code_and_comments_part() {
        for (source, code, comments) in [
            ("a // b\nc", "a c", "// b"),
            ("a /* b /* c */ d\n */ e", "a e", "/* b /* c */ d */"),
            (r#"a("// b") // c"#, "a( )", "// c"),
            (r#"a("\" b", c)"#, "a( , c)", ""),
            (r##"a(r#"" b"#, c)"##, "a(r , c)", ""),
            (r#"a(b"c\\", d)"#, "a(b , d)", ""),
            ("r#type + r", "r#type + r", ""),
            ("f('\"', 'a', '\\'', b)", "f( , , , b)", ""),
            ("fn f<'a>(s: &'a str) // b", "fn f<'a>(s: &'a str)", "// b"),
            ("a /* never ends", "a", "/* never ends"),
            ("a \"never ends", "a", ""),
            ("\u{e4}('\u{e4}') // \u{e4}", "\u{e4}( )", "// \u{e4}"),
        ] {
            assert_eq!(words(source), (code.to_owned(), comments.to_owned()), "{source}");
        }
    }
}
