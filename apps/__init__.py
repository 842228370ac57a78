"""The programs: composition roots that join adapters to ports, read settings and talk to terminals."""
