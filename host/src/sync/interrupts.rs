//! Signals that end this program while another program works for it: that one is ended first, since
//! it has a process group of its own, which Ctrl+C doesn't reach.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag, low_level,
};

/// Shared by all programs that run at the same time, because a registered handler stays.
static SIGNALS: OnceLock<Signals> = OnceLock::new();

#[derive(Default)]
struct Signals {
    /// Whether signals end this program at once.
    end_us: Arc<AtomicBool>,
    /// The signal that came while they don't, or 0.
    came: Arc<AtomicUsize>,
    /// Programs that run.
    programs: AtomicUsize,
}

/// While it lives, signals are only noted.
pub(super) struct Interrupts(&'static Signals);

impl Interrupts {
    pub(super) fn noted() -> Self {
        let signals = SIGNALS.get_or_init(|| {
            let signals = Signals::default();
            for signal in [SIGINT, SIGTERM] {
                // Refused, the signal ends only this program.
                let _ = flag::register_conditional_default(signal, Arc::clone(&signals.end_us))
                    .and_then(|_| {
                        let number = usize::try_from(signal).unwrap_or_default();
                        flag::register_usize(signal, Arc::clone(&signals.came), number)
                    });
            }
            signals
        });
        signals.programs.fetch_add(1, Ordering::SeqCst);
        signals.end_us.store(false, Ordering::SeqCst);
        Self(signals)
    }

    /// Returns whether a signal came.
    pub(super) fn came(&self) -> bool {
        self.0.came.load(Ordering::SeqCst) != 0
    }
}

/// Ends this program if a signal came.
impl Drop for Interrupts {
    fn drop(&mut self) {
        if self.0.programs.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.end_us.store(true, Ordering::SeqCst);
            if let Ok(signal @ 1..) = i32::try_from(self.0.came.load(Ordering::SeqCst)) {
                // It returns only if the system refuses.
                let _ = low_level::emulate_default_handler(signal);
            }
        }
    }
}
