"""The archive as files: everything that the service answers, written for a host without it."""
