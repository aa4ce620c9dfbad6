"""Python types as JSON schemas, and JSON back as values of them: this room knows no library."""
