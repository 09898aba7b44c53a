"""One module a command or group of commands: what can be typed, and what is shown."""
