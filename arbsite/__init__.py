"""The site: settings, addresses, private servers and the commands that run everything."""
