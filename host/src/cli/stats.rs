//! `url-notes stats`

use serde::Serialize;

use crate::{cli::context::Invocation, domain::Measures, wire::wire_stats};

/// Default number of notes that are skipped in the result.
const UNCOUNTED: u32 = 50;

#[derive(Debug, clap::Args)]
pub(super) struct Stats {
    /// Measure the suggestions: predict the tags of each note from the notes saved before it
    #[arg(long)]
    suggestions: bool,
    /// With --suggestions: measure the newest N notes
    #[arg(long, value_name = "N", default_value_t = 2_000, requires = "suggestions",
          value_parser = clap::value_parser!(u32).range(1..))]
    last: u32,
    /// With --suggestions: skip the first N of these in the result
    #[arg(long, value_name = "N", default_value_t = UNCOUNTED, requires = "suggestions")]
    uncounted: u32,
}

/// The output of `--json`. Shares are between 0 and 1.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SuggestionStats {
    /// Notes that were replayed.
    replayed: u64,
    /// How many of them were skipped, being the first.
    uncounted: u32,
    /// Notes that were evaluated: the remaining ones with tags.
    notes: u64,
    /// Share of notes for which at least one of five suggestions was right.
    #[serde(rename = "hit@5")]
    hit_at_5: f64,
    /// Share of right suggestions among five.
    #[serde(rename = "precision@5")]
    precision_at_5: f64,
    /// Mean of 1 / rank of the first right suggestion.
    mrr: f64,
    /// Upper bound of `hit_at_5`: the share of notes with a tag that had occurred before.
    hit_ceiling: f64,
    /// Upper bound of `precision_at_5`.
    precision_ceiling: f64,
    /// Share of keystrokes saved on tags that had occurred before.
    keystrokes_saved: f64,
    /// Share of keystrokes saved on all tags.
    keystrokes_saved_of_all_tags: f64,
    /// Average number of suggestions among five that were likely enough to be shown.
    shown: f64,
    /// Share of right ones among those.
    shown_right: f64,
}

impl Stats {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        if self.suggestions {
            return self.suggestions(invocation);
        }
        let stats = wire_stats(&invocation.reader()?.stats()?);
        if invocation.json {
            return invocation.print_json(&stats);
        }
        let out = &mut *invocation.out;
        writeln!(out, "notes     {}", stats.notes)?;
        writeln!(out, "tags      {}", stats.tags)?;
        writeln!(out, "sites     {}", stats.sites)?;
        writeln!(out, "in trash  {}", stats.trash)?;
        if let (Some(first), Some(last)) = (&stats.first_saved_at, &stats.last_saved_at) {
            writeln!(out, "oldest    {first}")?;
            writeln!(out, "newest    {last}")?;
        }
        writeln!(
            out,
            "database  {} bytes, {}",
            stats.database_bytes,
            invocation.config.database.display()
        )?;
        Ok(())
    }

    fn suggestions(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let store = invocation.reader()?;
        let replayed = store.counts()?.notes.min(self.last.into());
        let measures = store.replay(self.last, self.uncounted.into())?;
        let stats = SuggestionStats::of(replayed, self.uncounted, &measures);
        if invocation.json {
            return invocation.print_json(&stats);
        }
        let out = &mut *invocation.out;
        if stats.notes == 0 {
            writeln!(
                out,
                "There are too few notes to measure: the first {} of {replayed} are skipped.",
                self.uncounted
            )?;
            return Ok(());
        }
        let percent = |share: f64| format!("{:.1} %", share * 100.0);
        writeln!(out, "notes predicted      {} of {replayed}", stats.notes)?;
        writeln!(
            out,
            "one of five right    {} (at most {})",
            percent(stats.hit_at_5),
            percent(stats.hit_ceiling)
        )?;
        writeln!(
            out,
            "of five right        {} (at most {})",
            percent(stats.precision_at_5),
            percent(stats.precision_ceiling)
        )?;
        writeln!(out, "mean reciprocal rank {:.3}", stats.mrr)?;
        writeln!(
            out,
            "keystrokes saved     {} of known tags, {} of all",
            percent(stats.keystrokes_saved),
            percent(stats.keystrokes_saved_of_all_tags)
        )?;
        writeln!(
            out,
            "shown of five        {:.1}, of which {} right",
            stats.shown,
            percent(stats.shown_right)
        )?;
        Ok(())
    }
}

impl SuggestionStats {
    fn of(replayed: u64, uncounted: u32, measures: &Measures) -> Self {
        let digits = |share: f64| (share * 10_000.0).round() / 10_000.0;
        Self {
            replayed,
            uncounted,
            notes: measures.notes,
            hit_at_5: digits(measures.hit_at_5),
            precision_at_5: digits(measures.precision_at_5),
            mrr: digits(measures.mean_reciprocal_rank),
            hit_ceiling: digits(measures.hit_ceiling),
            precision_ceiling: digits(measures.precision_ceiling),
            keystrokes_saved: digits(measures.keys_saved),
            keystrokes_saved_of_all_tags: digits(measures.keys_saved_of_all),
            shown: digits(measures.shown),
            shown_right: digits(measures.shown_right),
        }
    }
}
