"""The response cache: cached documents, and the revision they are compared with."""
