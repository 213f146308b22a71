//! Icons of web sites: small PNG images in a strict form.
//!
//! An icon comes from a web page, is stored, and is later shown by the user's browser beside private
//! notes. So nothing but pixels is kept: of the chunks, only those that decoding needs, and the
//! compressed data is inflated once to check that it is an image of the stated size.

use std::io::Read as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Crc, bufread::ZlibDecoder};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};

/// Largest icon, in bytes.
const MAX_BYTES: usize = 4096;
/// Largest width and height, in pixels.
const MAX_SIDE: u32 = 64;
/// Bytes of an icon's name.
const NAME_BYTES: usize = 16;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Bytes of a chunk besides its data: length, type and checksum.
const AROUND: usize = 12;

/// An icon of a web site: a PNG image of at most 64 × 64 pixels and 4,096 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Icon(Vec<u8>);

impl Icon {
    /// Checks a PNG image. Chunks that aren't needed to decode it, such as texts, colour profiles
    /// and further frames, are removed.
    ///
    /// # Errors
    /// `InvalidParams` with a sentence.
    pub fn parse(image: &[u8]) -> Result<Self> {
        if image.len() > MAX_BYTES {
            return Err(refused("it is longer than 4,096 bytes"));
        }
        let png = Png::parse(image)?;
        png.check_pixels()?;
        Ok(Self(png.written()))
    }

    /// Checks a PNG image in Base64.
    ///
    /// # Errors
    /// `InvalidParams` with a sentence.
    pub fn from_base64(text: &str) -> Result<Self> {
        if text.len() > MAX_BYTES.div_ceil(3) * 4 {
            return Err(refused("it is longer than 4,096 bytes"));
        }
        let image = STANDARD
            .decode(text)
            .map_err(|_| refused("it isn't valid Base64"))?;
        Self::parse(&image)
    }

    /// Returns an icon as it was stored.
    pub(crate) fn from_stored(png: Vec<u8>) -> Self {
        Self(png)
    }

    /// Returns the image in Base64.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&self.0)
    }

    /// Returns the image.
    #[must_use]
    pub fn png(&self) -> &[u8] {
        &self.0
    }

    /// Returns a name for the image, derived from its bytes: 32 hexadecimal digits.
    #[must_use]
    pub fn name(&self) -> String {
        let hash = Sha256::digest(&self.0);
        hash.iter()
            .take(NAME_BYTES)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// Returns whether a text has the form of an icon's name.
    #[must_use]
    pub fn is_name(text: &str) -> bool {
        text.len() == 2 * NAME_BYTES
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    }
}

fn refused(why: &str) -> Error {
    Error::InvalidParams(format!("The icon can't be used: {why}."))
}

/// The parts of an image that decoding needs (W3C, Portable Network Graphics, third edition).
struct Png<'a> {
    header: &'a [u8],
    palette: Option<&'a [u8]>,
    transparency: Option<&'a [u8]>,
    data: Vec<u8>,
}

impl<'a> Png<'a> {
    fn parse(image: &'a [u8]) -> Result<Self> {
        let Some(mut rest) = image.strip_prefix(SIGNATURE) else {
            return Err(refused("it isn't a PNG image"));
        };
        let mut png = Self {
            header: &[],
            palette: None,
            transparency: None,
            data: Vec::new(),
        };
        let mut has_data_ended = false;
        loop {
            let (kind, data) = chunk(&mut rest)?;
            let is_first = png.header.is_empty();
            if is_first != (kind == b"IHDR") {
                return Err(refused("its header isn't at the start"));
            }
            has_data_ended |= !png.data.is_empty() && kind != b"IDAT";
            match kind {
                b"IHDR" => png.header = checked_header(data)?,
                b"PLTE" if png.palette.is_none() && png.data.is_empty() => {
                    png.palette = Some(data);
                }
                b"tRNS" if png.transparency.is_none() && png.data.is_empty() => {
                    png.transparency = Some(data);
                }
                b"IDAT" if !has_data_ended => png.data.extend_from_slice(data),
                b"IEND" if data.is_empty() && rest.is_empty() => break,
                b"IEND" => return Err(refused("other data follows the image")),
                // The case of the first letter says whether a decoder may skip the chunk.
                [b'a'..=b'z', ..] if kind != b"tRNS" => {}
                _ => return Err(refused("its chunks aren't those of a simple image")),
            }
        }
        png.check_colours()?;
        Ok(png)
    }

    fn depth(&self) -> usize {
        self.header[8].into()
    }

    /// Returns the number of values per pixel.
    fn channels(&self) -> usize {
        match self.header[9] {
            2 => 3,
            4 => 2,
            6 => 4,
            _ => 1,
        }
    }

    fn check_colours(&self) -> Result<()> {
        let colours = self.palette.map_or(0, <[u8]>::len) / 3;
        let palette_fits = match (self.header[9], self.palette) {
            (3, Some(palette)) => {
                palette.len().is_multiple_of(3) && (1..=1 << self.depth()).contains(&colours)
            }
            (3, None) | (0 | 4, Some(_)) => false,
            (_, Some(palette)) => palette.len().is_multiple_of(3) && (1..=256).contains(&colours),
            (_, None) => true,
        };
        let transparency_fits = self.transparency.is_none_or(|values| match self.header[9] {
            0 => values.len() == 2,
            2 => values.len() == 6,
            3 => (1..=colours).contains(&values.len()),
            _ => false,
        });
        match palette_fits && transparency_fits {
            true => Ok(()),
            false => Err(refused("its colours are invalid")),
        }
    }

    /// Inflates the pixels and compares them with the size in the header.
    fn check_pixels(&self) -> Result<()> {
        let [width, height] = sides(self.header);
        let width = usize::try_from(width).map_err(Error::internal)?;
        let height = usize::try_from(height).map_err(Error::internal)?;
        // A row begins with the number of its filter.
        let row = 1 + (width * self.channels() * self.depth()).div_ceil(8);
        let expected = row * height;
        let mut pixels = Vec::with_capacity(expected);
        let mut inflate = ZlibDecoder::new(self.data.as_slice()).take(expected as u64 + 1);
        let read = inflate.read_to_end(&mut pixels);
        let consumed = inflate.get_ref().total_in();
        let is_whole = read.is_ok()
            && pixels.len() == expected
            && consumed == self.data.len() as u64
            && pixels.iter().step_by(row).all(|filter| *filter <= 4);
        match is_whole {
            true => Ok(()),
            false => Err(refused("its pixels don't match its size")),
        }
    }

    fn written(&self) -> Vec<u8> {
        let mut image = SIGNATURE.to_vec();
        let mut put = |kind: &[u8; 4], data: &[u8]| {
            // All of the image is shorter than 4 GiB.
            let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
            image.extend(length.to_be_bytes());
            image.extend(kind);
            image.extend(data);
            image.extend(checksum(kind, data).to_be_bytes());
        };
        put(b"IHDR", self.header);
        if let Some(palette) = self.palette {
            put(b"PLTE", palette);
        }
        if let Some(transparency) = self.transparency {
            put(b"tRNS", transparency);
        }
        put(b"IDAT", &self.data);
        put(b"IEND", &[]);
        image
    }
}

/// Takes the next chunk from the start of `rest`: its type and its data.
fn chunk<'a>(rest: &mut &'a [u8]) -> Result<(&'a [u8; 4], &'a [u8])> {
    let damaged = || refused("it is cut short or damaged");
    let (length, after) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| damaged())?;
    if length > rest.len().saturating_sub(AROUND) {
        return Err(damaged());
    }
    let (kind, after) = after.split_first_chunk::<4>().ok_or_else(damaged)?;
    let (data, after) = after.split_at(length);
    let (sum, after) = after.split_first_chunk::<4>().ok_or_else(damaged)?;
    if u32::from_be_bytes(*sum) != checksum(kind, data) {
        return Err(damaged());
    }
    *rest = after;
    Ok((kind, data))
}

fn checksum(kind: &[u8; 4], data: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(kind);
    crc.update(data);
    crc.sum()
}

fn sides(header: &[u8]) -> [u32; 2] {
    [0, 4].map(|at| {
        header[at..at + 4]
            .iter()
            .fold(0, |side, byte| side << 8 | u32::from(*byte))
    })
}

fn checked_header(header: &[u8]) -> Result<&[u8]> {
    if header.len() != 13 {
        return Err(refused("its header is invalid"));
    }
    if sides(header)
        .iter()
        .any(|side| !(1..=MAX_SIDE).contains(side))
    {
        return Err(refused("it is larger than 64 × 64 pixels, or empty"));
    }
    let is_known = matches!(
        (header[9], header[8]),
        (0, 1 | 2 | 4 | 8 | 16) | (3, 1 | 2 | 4 | 8) | (2 | 4 | 6, 8 | 16)
    );
    // Compression and filter have only one method. Interlaced images aren't accepted.
    match is_known && header[10..] == [0, 0, 0] {
        true => Ok(header),
        false => Err(refused("its kind of PNG isn't supported")),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::ZlibEncoder};

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn put(image: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
        image.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        image.extend(kind);
        image.extend(data);
        image.extend(checksum(kind, data).to_be_bytes());
    }

    fn header(width: u32, height: u32, depth: u8, colour: u8) -> Vec<u8> {
        let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
        header.extend([depth, colour, 0, 0, 0]);
        header
    }

    fn image(header: &[u8], chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut image = SIGNATURE.to_vec();
        put(&mut image, b"IHDR", header);
        for (kind, data) in chunks {
            put(&mut image, kind, data);
        }
        image
    }

    /// Returns an image of 16 × 16 pixels in one colour.
    pub(crate) fn plain_png(colour: u8) -> Vec<u8> {
        let row = [&[0][..], &[colour; 64]].concat();
        image(
            &header(16, 16, 8, 6),
            &[(b"IDAT", &packed(&row.repeat(16))), (b"IEND", b"")],
        )
    }

    #[track_caller]
    fn check(image: &[u8], why: &str) {
        let error = Icon::parse(image).unwrap_err().to_string();
        assert_eq!(error, format!("The icon can't be used: {why}."));
    }

    #[test]
    fn an_image_keeps_only_what_is_needed_to_decode_it() {
        let plain = Icon::parse(&plain_png(7)).unwrap();
        assert_eq!(plain.png(), plain_png(7));
        let row = [&[0][..], &[7; 64]].concat();
        let pixels = packed(&row.repeat(16));
        let (first, second) = pixels.split_at(5);
        let large = image(
            &header(16, 16, 8, 6),
            &[
                (b"tEXt", b"Comment\0<script>alert(1)</script>"),
                (b"iCCP", b"profile"),
                (b"acTL", &[0, 0, 0, 9, 0, 0, 0, 0]),
                (b"IDAT", first),
                (b"IDAT", second),
                (b"fdAT", b"a second frame"),
                (b"IEND", b""),
            ],
        );
        assert_eq!(Icon::parse(&large).unwrap(), plain);
        assert_eq!(Icon::from_base64(&plain.to_base64()).unwrap(), plain);
        assert!(Icon::is_name(&plain.name()));
        assert_ne!(plain.name(), Icon::parse(&plain_png(8)).unwrap().name());
    }

    #[test]
    fn the_projects_own_icons_and_palettes_are_accepted() {
        let own = include_bytes!("../../../extension/icons/icon-32.png");
        assert!(Icon::parse(own).is_ok());
        let two_colours = image(
            &header(9, 2, 1, 3),
            &[
                (b"PLTE", &[0, 0, 0, 255, 255, 255]),
                (b"tRNS", &[0]),
                (b"IDAT", &packed(&[0, 1, 0, 4, 0, 1])),
                (b"IEND", b""),
            ],
        );
        assert_eq!(Icon::parse(&two_colours).unwrap().png(), two_colours);
    }

    #[test]
    fn what_is_not_a_small_png_is_refused_with_a_sentence() {
        let pixels = packed(&[&[0][..], &[7; 64]].concat().repeat(16));
        let good = plain_png(7);
        check(b"", "it isn't a PNG image");
        check(b"<svg onload='alert(1)'/>", "it isn't a PNG image");
        check(b"GIF89a\x01\x00\x01\x00", "it isn't a PNG image");
        check(&[0; 5000], "it is longer than 4,096 bytes");
        for end in SIGNATURE.len()..good.len() {
            check(&good[..end], "it is cut short or damaged");
        }
        for at in SIGNATURE.len()..good.len() {
            let mut damaged = good.clone();
            damaged[at] ^= 1;
            assert!(Icon::parse(&damaged).is_err(), "{at}");
        }
        let mut polyglot = good.clone();
        polyglot.extend(b"PK\x03\x04");
        check(&polyglot, "other data follows the image");
        for (width, height) in [(65_535, 65_535), (65, 1), (1, 65), (0, 1), (1 << 31, 1)] {
            let bomb = image(
                &header(width, height, 8, 6),
                &[(b"IDAT", &pixels), (b"IEND", b"")],
            );
            check(&bomb, "it is larger than 64 × 64 pixels, or empty");
        }
        for (depth, colour) in [(3, 0), (8, 1), (16, 3), (4, 6), (8, 7)] {
            let odd = image(
                &header(16, 16, depth, colour),
                &[(b"IDAT", &pixels), (b"IEND", b"")],
            );
            check(&odd, "its kind of PNG isn't supported");
        }
        let mut interlaced = header(16, 16, 8, 6);
        interlaced[12] = 1;
        let interlaced = image(&interlaced, &[(b"IDAT", &pixels), (b"IEND", b"")]);
        check(&interlaced, "its kind of PNG isn't supported");
        check(&image(&[0; 12], &[]), "its header is invalid");
        let head = header(16, 16, 8, 6);
        for (chunks, why) in [
            (
                vec![(b"IHDR", &head[..]), (b"IDAT", &pixels), (b"IEND", b"")],
                "its header isn't at the start",
            ),
            (
                vec![(b"JUNK", &b"x"[..]), (b"IDAT", &pixels), (b"IEND", b"")],
                "its chunks aren't those of a simple image",
            ),
            (
                vec![
                    (b"IDAT", &pixels[..9]),
                    (b"tEXt", b"x"),
                    (b"IDAT", &pixels[9..]),
                    (b"IEND", b""),
                ],
                "its chunks aren't those of a simple image",
            ),
            (vec![(b"IEND", &b""[..])], "its pixels don't match its size"),
            (
                vec![(b"tRNS", &b"xx"[..]), (b"IDAT", &pixels), (b"IEND", b"")],
                "its colours are invalid",
            ),
            (
                vec![(b"IDAT", &b"not zlib"[..]), (b"IEND", b"")],
                "its pixels don't match its size",
            ),
            (
                // A megabyte of zeros.
                vec![(b"IDAT", &packed(&vec![0; 1 << 20])[..]), (b"IEND", b"")],
                "its pixels don't match its size",
            ),
            (
                vec![
                    (b"IDAT", &[&pixels[..], b"more"].concat()[..]),
                    (b"IEND", b""),
                ],
                "its pixels don't match its size",
            ),
            (
                vec![(b"IDAT", &packed(&[9; 65 * 16])[..]), (b"IEND", b"")],
                "its pixels don't match its size",
            ),
        ] {
            let chunks: Vec<(&[u8; 4], &[u8])> = chunks;
            check(&image(&head, &chunks), why);
        }
        for text in ["", "data:image/png;base64,AAAA", "a b", "AAA"] {
            assert!(Icon::from_base64(text).is_err(), "{text}");
        }
        let huge = "A".repeat(100 << 20);
        assert_eq!(
            Icon::from_base64(&huge).unwrap_err().to_string(),
            "The icon can't be used: it is longer than 4,096 bytes."
        );
    }

    #[test]
    fn fuzz_icons() {
        let seeds = [plain_png(1), plain_png(200)];
        let seeds: Vec<&[u8]> = seeds.iter().map(Vec::as_slice).collect();
        crate::fuzz::bytes(&seeds, |image| {
            if let Ok(icon) = Icon::parse(image) {
                assert!(icon.png().len() <= MAX_BYTES);
                assert_eq!(Icon::parse(icon.png()).unwrap(), icon);
            }
        });
    }
}
