"""What `passport` does in a terminal: one module a command, its words in `locales/`."""
