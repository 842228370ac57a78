"""The parts of `tapeline stack`: servers, child programs, table, page and alerts on this machine."""
