//! Rules for every page and mail.

use std::collections::HashSet;

use super::dom::{self, Element};
use crate::{assets, samples};

fn each_page(check: impl Fn(&str, &str, &[Element])) {
    let pages = samples::pages();
    assert!(pages.len() > 60, "{}", pages.len());
    for (name, html) in pages {
        check(&name, &html, &dom::read(&name, &html));
    }
}

#[test]
fn samples_have_names_of_their_own() {
    let names: Vec<String> = samples::pages().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
}

#[test]
fn every_page_has_one_heading_a_title_and_a_language() {
    each_page(|name, _, elements| {
        assert_eq!(elements.iter().filter(|e| e.name == "h1").count(), 1, "{name}");
        let title = elements.iter().find(|e| e.name == "title").map(|e| e.text.as_str()).unwrap_or_default();
        let (task, place) = title.split_once(" · ").unwrap_or_else(|| panic!("{name}: {title}"));
        assert!(!task.is_empty() && !place.is_empty(), "{name}: {title}");
        let html = elements.iter().find(|e| e.name == "html").expect("an html element");
        assert!(html.get("lang").is_some_and(|l| !l.is_empty()) && html.get("dir").is_some(), "{name}");
        assert_eq!(
            elements.iter().filter(|e| e.name == "main" && e.get("id") == Some("content")).count(),
            1,
            "{name}"
        );
    });
}

#[test]
fn every_field_has_a_label() {
    each_page(|name, _, elements| {
        for field in elements.iter().filter(|e| matches!(e.name.as_str(), "input" | "select" | "textarea")) {
            if field.get("type") == Some("hidden") || field.get("aria-hidden") == Some("true") {
                continue;
            }
            let id = field.get("id").unwrap_or_else(|| panic!("{name}: a field without id"));
            let label = elements.iter().find(|e| e.name == "label" && e.get("for") == Some(id));
            assert!(label.is_some_and(|l| !l.text.trim().is_empty()), "{name}: {id}");
        }
    });
}

#[test]
fn ids_are_unique_and_references_lead_somewhere() {
    each_page(|name, _, elements| {
        let ids: Vec<&str> = elements.iter().filter_map(|e| e.get("id")).collect();
        let known: HashSet<&str> = ids.iter().copied().collect();
        assert_eq!(known.len(), ids.len(), "{name}: {ids:?}");
        for element in elements {
            for key in ["aria-describedby", "aria-labelledby", "for"] {
                for id in element.get(key).into_iter().flat_map(str::split_whitespace) {
                    assert!(known.contains(id), "{name}: {key} names {id}");
                }
            }
            if let Some(anchor) = element.get("href").and_then(|href| href.strip_prefix('#')) {
                assert!(known.contains(anchor), "{name}: link to #{anchor}");
            }
        }
    });
}

#[test]
fn a_wrong_field_says_so_and_the_summary_leads_to_it() {
    let mut seen = 0;
    for (name, html) in samples::pages() {
        let elements = dom::read(&name, &html);
        for field in elements.iter().filter(|e| e.get("aria-invalid") == Some("true")) {
            seen += 1;
            let id = field.get("id").unwrap_or_default();
            let described = field.get("aria-describedby").unwrap_or_default();
            assert!(described.split(' ').any(|d| d == format!("{id}-error")), "{name}: {id}");
            let link = format!("#{id}");
            assert!(elements.iter().any(|e| e.get("href") == Some(link.as_str())), "{name}: {id}");
            let summary = elements.iter().find(|e| e.get("role") == Some("alert")).expect("a summary");
            assert!(summary.get("tabindex") == Some("-1") && summary.get("autofocus").is_some(), "{name}");
        }
    }
    assert!(seen >= 6, "{seen}");
}

#[test]
fn one_element_at_most_asks_for_the_focus() {
    each_page(|name, _, elements| {
        assert!(elements.iter().filter(|e| e.get("autofocus").is_some()).count() <= 1, "{name}");
    });
}

#[test]
fn pages_keep_the_content_security_policy() {
    each_page(|name, html, elements| {
        assert!(!html.contains("<style"), "{name}");
        for element in elements {
            for (key, _) in &element.attributes {
                assert!(!key.starts_with("on") && key != "style", "{name}: {key} on {}", element.name);
            }
            let src = element.get("src").unwrap_or_default();
            assert!(
                element.name != "script" || (src.starts_with(assets::PREFIX) && element.text.is_empty()),
                "{name}"
            );
            let is_loaded =
                matches!(element.name.as_str(), "script" | "img") || element.get("rel") == Some("stylesheet");
            let from = if src.is_empty() { element.get("href").unwrap_or_default() } else { src };
            assert!(
                !is_loaded || from.starts_with(assets::PREFIX) || from.starts_with("data:"),
                "{name}: {from}"
            );
        }
    });
}

#[test]
fn static_files_are_named_with_their_integrity() {
    each_page(|name, _, elements| {
        for element in elements.iter().filter(|e| e.name == "script" || e.get("rel") == Some("stylesheet")) {
            let url = element.get("src").or(element.get("href")).unwrap_or_default();
            let asset = url.strip_prefix(assets::PREFIX).and_then(assets::find);
            assert_eq!(element.get("integrity"), asset.map(|a| a.integrity.as_str()), "{name}: {url}");
        }
    });
}

#[test]
fn people_without_organizations_never_meet_the_word() {
    let mails = samples::personal_mails()
        .into_iter()
        .map(|(name, mail)| (name, format!("{}{}{}", mail.subject, mail.text, mail.html)));
    for (name, text) in samples::personal_pages().into_iter().chain(mails) {
        let text = text.to_lowercase();
        for word in ["organization", "organisation", "team"] {
            assert!(!text.contains(word), "{name}: {word}");
        }
    }
}

#[test]
fn the_first_page_is_small() {
    for (name, html) in samples::personal_pages() {
        let size = loaded(&html);
        // With the script for passkeys, or a list of devices; the contract allows 61,440.
        assert!(size <= 49_152, "{name}: {size}");
    }
}

#[test]
fn pages_of_organizations_are_small_as_well() {
    each_page(|name, html, _| {
        let size = loaded(html);
        assert!(size <= 61_440, "{name}: {size}");
    });
}

/// The bytes of a page with the files that it names.
fn loaded(html: &str) -> usize {
    let named = assets::all().into_iter().filter(|asset| html.contains(&asset.path));
    html.len() + named.map(|asset| asset.bytes.len()).sum::<usize>()
}

#[test]
fn mails_are_well_formed_and_ask_nobody_for_pictures() {
    let mails = samples::mails();
    assert!(mails.len() >= 12, "{}", mails.len());
    for (name, mail) in mails {
        let elements = dom::read(&name, &mail.html);
        assert_eq!(elements.iter().filter(|e| e.name == "h1").count(), 1, "{name}");
        assert!(elements.iter().all(|e| e.get("src").is_none()), "{name}");
        assert!(
            !mail.subject.is_empty() && !mail.subject.chars().any(char::is_control),
            "{name}: {}",
            mail.subject
        );
        assert!(mail.text.contains("Hello"), "{name}: {}", mail.text);
    }
}

#[test]
fn codes_stand_in_the_subject_of_sign_in_and_verification_only() {
    for (name, mail) in samples::mails() {
        let wanted = matches!(name.as_str(), "sign-in-code" | "verification-code" | "verification-link");
        assert_eq!(mail.subject.contains("418530"), wanted, "{name}: {}", mail.subject);
    }
}
