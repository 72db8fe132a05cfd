"""Who has heard of an announcement, from access logs."""
