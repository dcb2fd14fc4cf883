//! What is sent of style sheets and scripts: not their comments, indentation and blank lines, which are for those who read
//! the files here.

/// A style sheet.
pub(super) fn style(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        kept.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    lines(&kept, |_| true)
}

/// A script: comments that are a line of their own are left out.
pub(super) fn script(text: &str) -> String {
    lines(text, |line| !line.starts_with("//"))
}

fn lines(text: &str, keep: impl Fn(&str) -> bool) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && keep(line)).fold(
        String::with_capacity(text.len()),
        |mut kept, line| {
            kept.push_str(line);
            kept.push('\n');
            kept
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_indentation_are_left_out() {
        assert_eq!(
            style("/* a\n b */\n@layer x {\n  a { b: c; } /* d */\n}\n"),
            "@layer x {\na { b: c; }\n}\n"
        );
        assert_eq!(
            script("// a\n(() => {\n  f(\"// b\"); // c\n})();"),
            "(() => {\nf(\"// b\"); // c\n})();\n"
        );
    }

    #[test]
    fn no_text_of_the_files_is_touched() {
        let scripts = [
            include_str!("../../assets/avnology.js"),
            include_str!("../../assets/team.js"),
            include_str!("../../assets/passkeys.js"),
            include_str!("../../assets/captcha.js"),
        ];
        // A text that goes over several lines would lose its indentation.
        assert!(scripts.iter().all(|text| text.lines().all(|line| line.matches('`').count() % 2 == 0)));
        let styles = [include_str!("../../assets/avnology.css"), include_str!("../../assets/team.css")];
        assert!(styles.iter().all(|text| text.matches("/*").count() == text.matches("*/").count()));
    }
}
