"""HTTP semantics (RFC 9110) of one representation. Knows neither Flask nor the store."""
