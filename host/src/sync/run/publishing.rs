//! Writes what this device has to say into files.

use super::{Run, RunError, SEGMENT_BYTES, record_of};
use crate::{
    error::Error,
    store::Unpublished,
    sync::{
        carrier::Listed,
        device::DeviceId,
        records::{alias_line, forgotten_line, page_text_line, register_line, tag_edit_line},
        segment::{self, Header, SegmentWriter},
        segment_name::SegmentName,
    },
};

impl Run<'_> {
    pub(super) fn publish(&mut self, device: DeviceId, listed: &[Listed]) -> Result<(), RunError> {
        let own = listed.iter().filter(|file| file.name.device == device);
        let newest = own.map(|file| file.name.number).max().unwrap_or(0);
        self.setup.number = self.setup.number.max(newest);
        loop {
            let unpublished = self.store.unpublished(SEGMENT_BYTES)?;
            // The first file says that there is this device, even without notes.
            if unpublished.is_empty() && self.setup.number > 0 {
                return Ok(());
            }
            self.write(device, &unpublished)?;
            let count = |length: usize| u64::try_from(length).unwrap_or(0);
            self.outcome.written_pages += count(unpublished.pages.len());
            self.outcome.written_texts += count(unpublished.texts.len());
            let now = (self.now)();
            self.store
                .record_published(&unpublished, self.setup.number, now)?;
        }
    }

    /// Writes what is given into files of this device.
    pub(super) fn write(
        &mut self,
        device: DeviceId,
        content: &Unpublished,
    ) -> Result<(), RunError> {
        let mut lines = (content.edits.iter().map(tag_edit_line))
            .chain(
                content
                    .aliases
                    .iter()
                    .map(|(name, value)| alias_line(name, value)),
            )
            .chain(
                (content.registers.iter())
                    .map(|(key, said)| register_line(key, said, &content.lists)),
            )
            .chain(
                content
                    .forgotten
                    .iter()
                    .map(|device| forgotten_line(device)),
            )
            .chain(
                content
                    .pages
                    .iter()
                    .map(|page| serde_json::Value::Object(page.clone()).to_string()),
            )
            .map(shortened)
            .chain(content.texts.iter().map(page_text_line))
            .peekable();
        loop {
            self.setup.number = self.setup.number.saturating_add(1);
            let now = (self.now)();
            let header = Header {
                needs: segment::FORMAT,
                device,
                name: self.setup.name.clone(),
                number: self.setup.number,
                at: now.as_microsecond(),
                program: env!("CARGO_PKG_VERSION").to_owned(),
                lists: content.lists.to_texts(),
                other: serde_json::Map::new(),
            };
            let mut writer = SegmentWriter::new(&header).map_err(Error::internal)?;
            while let Some(line) = lines.peek() {
                match writer.push(line) {
                    Ok(true) => drop(lines.next()),
                    Ok(false) => break,
                    Err(fault) => {
                        // No page has so much to say that no line can hold it.
                        log::error!("sync: a page isn't published: it {fault}");
                        drop(lines.next());
                    }
                }
            }
            let bytes = self.seal.seal(writer.finish())?;
            let name = SegmentName::of(device, self.setup.number, &bytes);
            self.carrier.put(&name, &bytes)?;
            let mut record = record_of(&name, u64::try_from(bytes.len()).unwrap_or(u64::MAX), now);
            record.read_at = Some(now);
            self.store.record_segments(&[record], now)?;
            self.outcome.written_files += 1;
            if lines.peek().is_none() {
                return Ok(());
            }
        }
    }
}

/// Leaves out the replaced texts of a page whose line would be too long. Without them, texts that two
/// devices change at the same time stand one below the other.
fn shortened(line: String) -> String {
    if line.len() <= segment::MAX_LINE {
        return line;
    }
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&line) {
        Ok(mut page) => {
            page.remove("was");
            serde_json::Value::Object(page).to_string()
        }
        Err(_) => line,
    }
}
