"""Every endpoint of `/api/v1` as a function that describes the call; the clients bind them and make it."""
