//! Icons, drawn on a grid of 24 with one stroke width; they decorate words and are hidden from screen readers.

use std::fmt;

use askama::FastWritable;

/// An icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Icon {
    Mail,
    Check,
    Clock,
    Lock,
    Alert,
    Info,
    Person,
    Home,
    Devices,
    Desktop,
    Phone,
    Shield,
    Door,
    Search,
    Chevron,
    Undo,
    Building,
    People,
    Key,
    Gear,
    Globe,
    Stack,
    Plus,
    List,
}

impl Icon {
    /// The tone of an emblem with this icon.
    pub(crate) fn tone(self) -> &'static str {
        match self {
            Self::Check => "success",
            Self::Alert => "danger",
            Self::Clock | Self::Lock | Self::Search | Self::Undo => "neutral",
            _ => "info",
        }
    }

    fn paths(self) -> &'static str {
        match self {
            Self::Mail => {
                r#"<rect x="3" y="5" width="18" height="14" rx="2.5"/><path d="m4 7.5 8 5.5 8-5.5"/>"#
            }
            Self::Check => r#"<path d="m5 12.5 4.5 4.5L19 7.5"/>"#,
            Self::Clock => r#"<circle cx="12" cy="12" r="8.5"/><path d="M12 7.5V12l3 2"/>"#,
            Self::Lock => {
                r#"<rect x="4.5" y="10.5" width="15" height="10" rx="2.5"/><path d="M8 10.5V7.5a4 4 0 0 1 8 0v3"/>"#
            }
            Self::Alert => r#"<circle cx="12" cy="12" r="8.5"/><path d="M12 7.5v5M12 16v.2"/>"#,
            Self::Info => r#"<circle cx="12" cy="12" r="8.5"/><path d="M12 11.5v5M12 8v.2"/>"#,
            Self::Person => {
                r#"<circle cx="12" cy="8.5" r="4"/><path d="M4.5 20.5c1-4 4-5.5 7.5-5.5s6.5 1.5 7.5 5.5"/>"#
            }
            Self::Home => {
                r#"<path d="M4 11 12 4l8 7v7.500a1.5 1.5 0 0 1-1.5 1.500H15v-5.500H9V20H5.500A1.5 1.5 0 0 1 4 18.500Z"/>"#
            }
            Self::Devices => {
                r#"<path d="M13 17.500H3.500M5 17.500V7.500A1.5 1.5 0 0 1 6.5 6H19"/><rect x="15" y="9.5" width="6" height="10.5" rx="1.5"/>"#
            }
            Self::Desktop => {
                r#"<rect x="3" y="4.5" width="18" height="12" rx="2"/><path d="M12 16.500V20M8 20h8"/>"#
            }
            Self::Phone => r#"<rect x="7" y="2.5" width="10" height="19" rx="2.5"/><path d="M11 18.500h2"/>"#,
            Self::Shield => {
                r#"<path d="M12 3 5 5.500v5.500c0 4.5 3 8 7 10 4-2 7-5.5 7-10V5.500Z"/><path d="m9 11.8 2.2 2.2 4-4.2"/>"#
            }
            Self::Door => {
                r#"<path d="M10 4H6.500A1.5 1.5 0 0 0 5 5.500v13A1.5 1.5 0 0 0 6.5 20H10M15 8l4 4-4 4M19 12H9.5"/>"#
            }
            Self::Search => r#"<circle cx="11" cy="11" r="6.5"/><path d="m16 16 4.5 4.5"/>"#,
            Self::Chevron => r#"<path d="m7 10 5 5 5-5"/>"#,
            Self::Building => {
                r#"<path d="M4.5 20.500v-15A1.5 1.5 0 0 1 6 4h7a1.5 1.5 0 0 1 1.5 1.500v15M14.5 10h3A1.5 1.5 0 0 1 19 11.500v9M3 20.500h18M8 8h3M8 12h3M8 16h3"/>"#
            }
            Self::People => {
                r#"<circle cx="9" cy="8.5" r="3.5"/><path d="M2.5 19.500c.8-3.500 3.400-5 6.500-5s5.700 1.500 6.500 5M15.500 5.300a3.500 3.500 0 0 1 0 6.400M18 15c1.800.7 3 2.200 3.500 4.500"/>"#
            }
            Self::Key => {
                r#"<circle cx="8" cy="15.500" r="4"/><path d="m11 12.500 8.500-8.500M15.5 8l3 3M18 5.500l2.500 2.500"/>"#
            }
            Self::Gear => {
                r#"<circle cx="12" cy="12" r="3"/><path d="M12 3.500v3M12 17.500v3M3.500 12h3M17.500 12h3M6 6l2 2M16 16l2 2M18 6l-2 2M8 16l-2 2"/>"#
            }
            Self::Globe => {
                r#"<circle cx="12" cy="12" r="8.5"/><path d="M3.5 12h17M12 3.5c2.600 2.300 3.800 5.200 3.800 8.500s-1.200 6.200-3.800 8.500c-2.600-2.300-3.800-5.200-3.800-8.500s1.200-6.200 3.800-8.500Z"/>"#
            }
            Self::Stack => {
                r#"<path d="m12 3.500 8.500 4.500L12 12.500 3.500 8Z"/><path d="m3.500 12 8.500 4.500 8.500-4.500M3.500 16l8.500 4.500 8.500-4.500"/>"#
            }
            Self::List => r#"<path d="M8.5 6.5H20M8.5 12H20M8.5 17.500H20M4 6.5h.2M4 12h.2M4 17.500h.2"/>"#,
            Self::Plus => r#"<path d="M12 5v14M5 12h14"/>"#,
            Self::Undo => r#"<path d="M8.5 5 4 9.5 8.5 14M4.5 9.500H14a5.5 5.5 0 0 1 0 11h-3.5"/>"#,
        }
    }
}

impl fmt::Display for Icon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            r#"<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{}</svg>"#,
            self.paths()
        )
    }
}

impl FastWritable for Icon {
    fn write_into(&self, dest: &mut dyn fmt::Write, _: &dyn askama::Values) -> askama::Result<()> {
        Ok(write!(dest, "{self}")?)
    }
}

impl askama::filters::HtmlSafe for Icon {}
