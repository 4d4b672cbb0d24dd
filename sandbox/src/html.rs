//! HTML in which inserted text cannot become markup.

use super::response::Response;

/// Markup that is safe to put into a page.
#[derive(Clone, Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Escapes a text, also for use between quotation marks.
    pub(super) fn text(text: &str) -> Self {
        let mut escaped = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                '&' => escaped.push_str("&amp;"),
                '<' => escaped.push_str("&lt;"),
                '>' => escaped.push_str("&gt;"),
                '"' => escaped.push_str("&quot;"),
                '\'' => escaped.push_str("&#39;"),
                other => escaped.push(other),
            }
        }
        Self(escaped)
    }

    /// A template with each `{{name}}` replaced. The replacements are not searched for names again.
    pub(super) fn fill(template: &'static str, places: &[(&str, Self)]) -> Self {
        let mut parts = template.split("{{");
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once("}}").unwrap_or(("", part));
            let value = places.iter().find(|(place, _)| *place == name);
            filled.push_str(value.map_or("", |(_, Self(markup))| markup));
            filled.push_str(rest);
        }
        Self(filled)
    }

    /// Joins parts.
    pub(super) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        Self(parts.into_iter().map(|Self(markup)| markup).collect())
    }

    /// A page that loads nothing from elsewhere and runs no script.
    ///
    /// `form-action` is not restricted: browsers apply it to where a form leads in the end, and that
    /// is the merchant's redirect_url.
    pub(super) fn into_response(self, status: u16) -> Response {
        let mut response = Response::file("text/html; charset=utf-8", self.0.as_bytes());
        response.status = status;
        response.add_header("Content-Security-Policy", POLICY);
        response.add_header("Cache-Control", "no-store");
        response.add_header("X-Content-Type-Options", "nosniff");
        response.add_header("Referrer-Policy", "same-origin");
        response
    }
}

const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_special_characters_are_escaped() {
        let Html(escaped) = Html::text("<b a=\"1\" c='2'>&amp;{{x}}</b>");
        assert_eq!(escaped, "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;{{x}}&lt;/b&gt;");
    }

    #[test]
    fn filled_value_is_not_filled_again() {
        let places = [("a", Html::text("{{b}}")), ("b", Html::text("<2>"))];
        let Html(filled) = Html::fill("{{b}}, {{a}}; {{c}}.", &places);
        assert_eq!(filled, "&lt;2&gt;, {{b}}; .");
        let Html(both) = Html::all([Html::text("1"), Html::text("2")]);
        assert_eq!(both, "12");
    }
}
