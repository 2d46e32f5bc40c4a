"""Whether an installation may go into production: what is checked by evidence, and what people attest."""
