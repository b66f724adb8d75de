//! What a browser is told an asset is: by its extension and nothing else, so that no content decides how it is read (S-6.1: always with nosniff).

/// Of what has an extension that is not in the table, or none.
const UNKNOWN: &str = "application/octet-stream";

/// Extensions in lower case, sorted. Texts are UTF-8: that is what people write, and what is not would be misread without being told as well.
const TABLE: &[(&str, &str)] = &[
    ("aac", "audio/aac"),
    ("apng", "image/apng"),
    ("atom", "application/atom+xml; charset=utf-8"),
    ("avif", "image/avif"),
    ("bmp", "image/bmp"),
    ("cjs", "text/javascript; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("csv", "text/csv; charset=utf-8"),
    ("eot", "application/vnd.ms-fontobject"),
    ("epub", "application/epub+zip"),
    ("flac", "audio/flac"),
    ("geojson", "application/geo+json; charset=utf-8"),
    ("gif", "image/gif"),
    ("glb", "model/gltf-binary"),
    ("gltf", "model/gltf+json; charset=utf-8"),
    ("gz", "application/gzip"),
    ("htm", "text/html; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("ico", "image/x-icon"),
    ("ics", "text/calendar; charset=utf-8"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json; charset=utf-8"),
    ("jsonld", "application/ld+json; charset=utf-8"),
    ("jxl", "image/jxl"),
    ("m3u8", "application/vnd.apple.mpegurl"),
    ("m4a", "audio/mp4"),
    ("m4v", "video/mp4"),
    ("map", "application/json; charset=utf-8"),
    ("md", "text/markdown; charset=utf-8"),
    ("mid", "audio/midi"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("mpeg", "video/mpeg"),
    ("oga", "audio/ogg"),
    ("ogg", "audio/ogg"),
    ("ogv", "video/ogg"),
    ("opus", "audio/ogg"),
    ("otf", "font/otf"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("rss", "application/rss+xml; charset=utf-8"),
    ("svg", "image/svg+xml; charset=utf-8"),
    ("tar", "application/x-tar"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("toml", "application/toml; charset=utf-8"),
    ("ts", "video/mp2t"),
    ("ttf", "font/ttf"),
    ("txt", "text/plain; charset=utf-8"),
    ("vtt", "text/vtt; charset=utf-8"),
    ("wasm", "application/wasm"),
    ("wav", "audio/wav"),
    ("weba", "audio/webm"),
    ("webm", "video/webm"),
    ("webmanifest", "application/manifest+json; charset=utf-8"),
    ("webp", "image/webp"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("xhtml", "application/xhtml+xml; charset=utf-8"),
    ("xml", "application/xml; charset=utf-8"),
    ("yaml", "application/yaml; charset=utf-8"),
    ("yml", "application/yaml; charset=utf-8"),
    ("zip", "application/zip"),
];

/// The value of `Content-Type` for the asset at a path.
#[must_use]
pub fn content_type(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let Some((_, extension)) = name.rsplit_once('.') else { return UNKNOWN };
    let extension = extension.to_ascii_lowercase();
    TABLE.binary_search_by_key(&extension.as_str(), |(known, _)| known).map_or(UNKNOWN, |place| TABLE[place].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_texts_are_utf_8() {
        assert!(TABLE.is_sorted_by(|(one, _), (other, _)| one < other));
        for (extension, kind) in TABLE {
            assert_eq!(*extension, extension.to_ascii_lowercase());
            assert!(!kind.starts_with("text/") || kind.ends_with("; charset=utf-8"), "{kind}");
        }
    }

    #[test]
    fn the_extension_decides() {
        for (path, kind) in [
            ("/index.html", "text/html; charset=utf-8"),
            ("/a/app.min.JS", "text/javascript; charset=utf-8"),
            ("/logo.svg", "image/svg+xml; charset=utf-8"),
            ("/photo.JPeG", "image/jpeg"),
            ("/x.woff2", "font/woff2"),
            ("/a.html/readme", UNKNOWN),
            ("/readme", UNKNOWN),
            ("/x.exe", UNKNOWN),
            ("/x.", UNKNOWN),
            ("/.html", "text/html; charset=utf-8"),
        ] {
            assert_eq!(content_type(path), kind, "{path}");
        }
    }
}
