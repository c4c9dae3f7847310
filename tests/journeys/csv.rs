//! CSV as RFC 4180 has it, read strictly: an independent reader, so that a file which only its writer understands is
//! found out.

/// The records of a file. Lines end with CR LF, the last one, too; a quote stands at both ends of a field or nowhere.
pub(crate) fn records(text: &str) -> Result<Vec<Vec<String>>, String> {
    let (mut rest, mut records, mut record) = (text, Vec::new(), Vec::new());
    while !rest.is_empty() {
        let (field, after) =
            if let Some(quoted) = rest.strip_prefix('"') { in_quotes(quoted)? } else { plain(rest)? };
        record.push(field);
        rest = if let Some(more) = after.strip_prefix(',') {
            more
        } else {
            let next = after
                .strip_prefix("\r\n")
                .ok_or_else(|| format!("no end of line before {}", start(after)))?;
            records.push(std::mem::take(&mut record));
            next
        };
    }
    if record.is_empty() { Ok(records) } else { Err("the last line has no end".to_owned()) }
}

fn plain(text: &str) -> Result<(String, &str), String> {
    let end = text.find([',', '\r', '\n', '"']).unwrap_or(text.len());
    let (field, after) = text.split_at(end);
    if after.starts_with('"') {
        Err(format!("a quote within {}", start(text)))
    } else {
        Ok((field.to_owned(), after))
    }
}

/// What follows an opening quote.
fn in_quotes(text: &str) -> Result<(String, &str), String> {
    let (mut field, mut rest) = (String::new(), text);
    loop {
        let (part, after) =
            rest.split_once('"').ok_or_else(|| format!("no closing quote after {}", start(text)))?;
        field.push_str(part);
        match after.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                rest = more;
            }
            None => return Ok((field, after)),
        }
    }
}

fn start(text: &str) -> String {
    format!("{:?}", text.chars().take(40).collect::<String>())
}

#[test]
fn the_reader_takes_what_the_standard_has_and_nothing_else() {
    let good = "a,b\r\n\"x,\"\"y\"\"\r\nz\",\r\n";
    assert_eq!(records(good).unwrap(), [["a", "b"], ["x,\"y\"\r\nz", ""]]);
    for bad in ["a,b", "a,b\n", "a\"b\r\n", "\"a\r\n", "\"a\"b\r\n"] {
        assert!(records(bad).is_err(), "{bad:?}");
    }
}
