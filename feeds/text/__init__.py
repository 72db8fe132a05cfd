"""Text: plain and HTML, made safe, and the texts of the service itself."""
