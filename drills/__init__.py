"""Drills: what may befall the service, done to it on purpose and as often as it takes."""
