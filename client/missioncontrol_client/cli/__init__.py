"""The `mc` command. Nothing here imports the HTTP library before a command asks the server for something."""
