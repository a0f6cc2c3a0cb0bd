"""How far the evidence behind a run carries: what decides the answer, and which figures were reported by somebody."""
