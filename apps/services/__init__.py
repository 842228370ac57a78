"""Use cases on the domain and the ports alone: no vendor, no terminal, no settings."""
