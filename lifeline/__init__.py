"""The process: command line, settings, logs, metrics, embedded servers and the wiring."""
