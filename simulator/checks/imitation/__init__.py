"""What each study design would report of a programme that is simulated, beside its true effect."""
