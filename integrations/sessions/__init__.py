"""Sessions of coding tools on this machine, read from the logs that they write anyway."""
