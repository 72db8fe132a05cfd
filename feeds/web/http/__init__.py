"""HTTP semantics (RFC 9110) of one representation, without Flask and without the store."""
